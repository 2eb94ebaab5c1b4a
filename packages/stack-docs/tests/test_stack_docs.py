"""The generated files: the content of the diagram, and the detection of stale files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from stack_docs import __main__ as command
from stack_docs.arrows import Arrow, arrows_of
from stack_docs.diagram import diagram
from stack_graph.graph import Graph

from tests.support.graphs import ROOT, Recorded, recorded

STAGES = "export const stages = {\n  dev: {\n  },\n  staging: {\n  },\n};\n"
GENERATED = ("infra/wiring.json", "docs/architecture.md", "docs/costs.md")


def arrows(graph: Recorded) -> set[Arrow]:
    return set(arrows_of(Graph(graph.data)))


def test_the_diagram_shows_how_resources_use_each_other() -> None:
    assert arrows(recorded()) >= {
        Arrow("ApiApi", "ApiHandlerFunction"),
        Arrow("ApiHandlerFunction", "JobsQueue", "SendMessage"),
        Arrow("JobsQueue", "WorkerFunction", "1 a run, 10 at a time"),
        Arrow("JobsQueue", "JobsDeadLetterQueue"),
        Arrow("WorkerFunction", "bedrock", "InvokeModel"),
        Arrow("WorkerFunction", "ResultsBucket", "GetObject, PutObject"),
        Arrow("WorkerFunction", "DatabaseInstance"),
        Arrow("SweeperScheduleSchedule", "SweeperFunction"),
    }


def test_an_arrow_disappears_with_its_permission() -> None:
    graph = recorded()
    graph["ApiHandlerRole"]["inlinePolicies"] = []
    from_api = {arrow.head for arrow in arrows(graph) if arrow.tail == "ApiHandlerFunction"}
    assert from_api == {"DatabaseInstance"}


def test_the_diagram_has_no_name_that_differs_between_deploys() -> None:
    graph = recorded()
    other = re.sub(
        r"-[a-z]{8}(?=[\"/:\\-])", "-zzzzzzzz", json.dumps(graph.data).replace("111122223333", "444455556666")
    )
    assert other != json.dumps(graph.data)
    assert diagram(Graph(json.loads(other))) == diagram(Graph(graph.data))


def test_every_arrow_joins_two_declared_boxes_or_starts_at_the_frame_of_the_functions() -> None:
    lines = diagram(Graph(recorded().data)).splitlines()
    boxes = {found[1] for line in lines if (found := re.match(r'(\w+)\["', line))}
    ends = [re.fullmatch(r'(\w+) -->(?:\|"[^"]*"\|)? (\w+)', line) for line in lines if "-->" in line]
    assert ends
    assert {end for found in ends if found for end in found.groups()} <= boxes | {"functions"}
    assert all(ends)
    assert sum(line == "end" for line in lines) == sum(line.startswith("subgraph ") for line in lines)


def test_an_arrow_that_every_function_has_is_drawn_once() -> None:
    text = diagram(Graph(recorded().data))
    assert "functions --> DatabaseInstance" in text
    assert "WorkerFunction --> DatabaseInstance" not in text


def test_an_alarm_is_shown_on_the_resource_that_it_watches() -> None:
    graph = recorded()
    assert "alarm QueueAge" in diagram(Graph(graph.data))
    graph.drop("QueueAge")
    assert "alarm QueueAge" not in diagram(Graph(graph.data))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a finished rehearsal of each stage."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "functions").symlink_to(ROOT / "functions")
    (tmp_path / "project.config.ts").write_text(STAGES, encoding="utf-8")
    for block in command.BLOCKS:
        page = f"before\n{block.opening}\n{block.closing}\nafter\n"
        (tmp_path / block.page).write_text(page, encoding="utf-8")
    for stage in ("dev", "staging"):
        record(tmp_path, stage)
    return tmp_path


def record(root: Path, stage: str, **database: Any) -> None:
    graph = recorded(stage)
    graph["DatabaseInstance"].update(database)
    directory = root / "rehearsals" / stage
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "graph.json").write_text(json.dumps(graph.data), encoding="utf-8")


def run(root: Path, *more: str) -> int:
    return command.main(["--root", str(root), "--rehearsals", str(root / "rehearsals"), *more])


def test_a_check_writes_nothing_and_names_the_stale_files(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (repository / "docs/costs.md").read_text()
    assert run(repository, "--check") == 1
    messages = capsys.readouterr().err
    assert all(f"{name} is stale" in messages for name in GENERATED)
    assert (repository / "docs/costs.md").read_text() == before
    assert not (repository / "infra" / "wiring.json").exists()


def test_generated_files_are_up_to_date_until_a_stage_changes(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(repository) == 0
    assert run(repository, "--check") == 0
    costs, architecture = ((repository / f"docs/{page}.md").read_text() for page in ("costs", "architecture"))
    for page in (costs, architecture):
        assert page.startswith("before\n")
        assert page.endswith("after\n")
    assert "| a month, idle | dev | staging |" in costs
    assert "```mermaid" in architecture

    record(repository, "staging", multiAz=True)
    capsys.readouterr()
    assert run(repository, "--check") == 1
    messages = capsys.readouterr().err
    assert [name for name in GENERATED if f"{name} is stale" in messages] == ["docs/costs.md"]


def test_a_deploy_that_would_fail_generates_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = repository / "rehearsals" / "dev" / "graph.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "complete": False}), encoding="utf-8")
    assert run(repository) == 2
    assert "pre-deploy.sh --stage dev" in capsys.readouterr().err


@pytest.mark.parametrize("page", [block.page for block in command.BLOCKS])
def test_a_page_without_markers_is_refused(repository: Path, page: str, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / page).write_text("no markers\n", encoding="utf-8")
    assert run(repository) == 2
    assert f"{page} lacks the markers" in capsys.readouterr().err
