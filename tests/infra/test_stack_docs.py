"""The files that are made from the stack: what is drawn, and that a stale file is noticed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from stack_docs import __main__ as command
from stack_graph.graph import Graph
from stack_picture.arrows import Arrow, arrows_of
from stack_picture.drawing import dot

from tests.support.graphs import Recorded, recorded

STAGES = "export const stages = {\n  dev: {\n  },\n  staging: {\n  },\n};\n"
MADE = ("infra/wiring.json", "infra/stack.svg", "docs/costs.md")


def arrows(graph: Recorded) -> set[Arrow]:
    return set(arrows_of(Graph(graph.data)))


def test_the_picture_shows_what_passes_between_resources() -> None:
    assert arrows(recorded()) >= {
        Arrow("ApiApi", "ApiHandlerFunction"),
        Arrow("ApiHandlerFunction", "JobsQueue", "SendMessage"),
        Arrow("JobsQueue", "WorkerFunction", "1 a run, 10 at a time"),
        Arrow("JobsQueue", "JobsDeadLetterQueue"),
        Arrow("WorkerFunction", "bedrock", "InvokeModel"),
        Arrow("WorkerFunction", "ResultsBucket", "PutObject"),
        Arrow("WorkerFunction", "DatabaseInstance"),
        Arrow("SweeperScheduleSchedule", "SweeperFunction"),
    }


def test_an_arrow_goes_with_the_permission() -> None:
    graph = recorded()
    graph["ApiHandlerRole"]["inlinePolicies"] = []
    from_api = {arrow.head for arrow in arrows(graph) if arrow.tail == "ApiHandlerFunction"}
    assert from_api == {"DatabaseInstance"}


def test_the_picture_has_no_name_that_another_deploy_would_change() -> None:
    graph = recorded()
    other = re.sub(
        r"-[a-z]{8}(?=[\"/:\\-])", "-zzzzzzzz", json.dumps(graph.data).replace("111122223333", "444455556666")
    )
    picture = dot(Graph(graph.data))
    assert other != json.dumps(graph.data)
    assert dot(Graph(json.loads(other))) == picture


def test_alarms_are_written_on_what_they_watch() -> None:
    graph = recorded()
    assert "alarm QueueAge" in dot(Graph(graph.data))
    graph.drop("QueueAge")
    assert "alarm QueueAge" not in dot(Graph(graph.data))


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose rehearsals are held already. Drawing wants Node, which is not what is tested here."""
    monkeypatch.setattr(command, "svg", dot)
    (tmp_path / "infra").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "project.config.ts").write_text(STAGES, encoding="utf-8")
    (tmp_path / "docs/costs.md").write_text("before\n{}\n{}\nafter\n".format(*command.MARKERS), encoding="utf-8")
    for stage in ("dev", "staging"):
        hold(tmp_path, stage)
    return tmp_path


def hold(root: Path, stage: str, **database: Any) -> None:
    graph = recorded(stage)
    graph["DatabaseInstance"].update(database)
    directory = root / "rehearsals" / stage
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "graph.json").write_text(json.dumps(graph.data), encoding="utf-8")


def run(root: Path, *more: str) -> int:
    return command.main(["--root", str(root), "--rehearsals", str(root / "rehearsals"), *more])


def test_a_check_writes_nothing_and_names_what_is_stale(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (repository / "docs/costs.md").read_text()
    assert run(repository, "--check") == 1
    said = capsys.readouterr().err
    assert all(f"{name} is stale" in said for name in MADE)
    assert (repository / "docs/costs.md").read_text() == before
    assert not (repository / "infra" / "stack.svg").exists()


def test_what_was_made_is_fresh_until_a_stage_changes(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(repository) == 0
    assert run(repository, "--check") == 0
    readme = (repository / "docs/costs.md").read_text()
    assert readme.startswith("before\n")
    assert readme.endswith("after\n")
    assert "| a month, idle | dev | staging |" in readme

    hold(repository, "staging", multiAz=True)
    capsys.readouterr()
    assert run(repository, "--check") == 1
    said = capsys.readouterr().err
    assert [name for name in MADE if f"{name} is stale" in said] == ["docs/costs.md"]


def test_a_deploy_that_would_fail_makes_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = repository / "rehearsals" / "dev" / "graph.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "complete": False}), encoding="utf-8")
    assert run(repository) == 2
    assert "pre-deploy.sh --stage dev" in capsys.readouterr().err


def test_a_readme_without_a_place_for_the_table_is_refused(repository: Path) -> None:
    (repository / "docs/costs.md").write_text("no markers\n", encoding="utf-8")
    assert run(repository) == 2
