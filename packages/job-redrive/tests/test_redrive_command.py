"""The redrive command: its requests to the operator's function, and its exit statuses."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from job_redrive import __main__ as command
from job_redrive import operator_function
from job_redrive.operator_function import CannotCallError, OperatorFunction
from job_redrive.options import parse
from local_stack import state_dir

ROOT = ["--root", "/nowhere"]


class Lambda:
    """A stand-in for the operator's function, with some failed jobs."""

    def __init__(self, jobs: int) -> None:
        self.waiting = [str(uuid4()) for _ in range(jobs)]
        self.commands: list[dict[str, Any]] = []
        self.answer: Callable[[dict[str, Any]], dict[str, Any]] = self._answer

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.commands.append(json.loads(Payload))
        return self.answer(self.commands[-1])

    def _answer(self, sent: dict[str, Any]) -> dict[str, Any]:
        if sent["do"] == "list":
            jobs = [{"id": job_id} for job_id in self.waiting[: sent["limit"]]]
            return payload({"jobs": jobs, "by_code": {}, "dead_letters": [], "by_outcome": {}})
        assert len(sent["jobs"]) <= 50
        done = [(job_id, job_id in self.waiting) for job_id in sent["jobs"]]
        self.waiting = [job_id for job_id in self.waiting if job_id not in sent["jobs"]]
        outcomes = [{"id": i, "outcome": "redriven" if ok else "not_failed", "redriven_as": None} for i, ok in done]
        return payload({"jobs": outcomes})


def payload(body: object, **more: str) -> dict[str, Any]:
    return {"Payload": io.BytesIO(json.dumps(body).encode()), **more}


def run(monkeypatch: pytest.MonkeyPatch, function: Lambda, *arguments: str) -> int:
    monkeypatch.setattr(command, "find", lambda _options: OperatorFunction(function, "the-operator", "me"))
    return command.main([*ROOT, *arguments])


def test_all_failed_jobs_are_run_again_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    function = Lambda(620)
    assert run(monkeypatch, function, "all", "--code", "model_failed", "--because", "it is back") == 0
    assert function.waiting == []
    redrives = [sent for sent in function.commands if sent["do"] == "redrive"]
    assert {(sent["requested_by"], sent["reason"], sent["again"]) for sent in redrives} == {("me", "it is back", False)}
    assert all(sent["not_redriven"] for sent in function.commands if sent["do"] == "list")


def test_no_more_jobs_than_the_limit_are_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    function = Lambda(600)
    assert run(monkeypatch, function, "all", "--since", "2d", "--limit", "520", "--because", "x") == 0
    assert len(function.waiting) == 80


@pytest.mark.parametrize("which", [["all", "--since", "1h"], ["jobs", "a", "b"]])
def test_a_dry_run_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], which: list[str]
) -> None:
    function = Lambda(3)
    assert run(monkeypatch, function, *which, "--because", "x", "--dry-run") == 0
    assert {sent["do"] for sent in function.commands} <= {"list"}
    assert capsys.readouterr().out.startswith("would run ")


def test_the_command_exits_with_1_if_a_job_was_not_run_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    function = Lambda(1)
    good, other = function.waiting[0], str(uuid4())
    assert run(monkeypatch, function, "jobs", good, other, "--because", "x", "--again") == 1
    assert capsys.readouterr().out.splitlines() == [f"{good}  redriven", f"{other}  not_failed"]
    assert function.commands[-1]["again"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (payload({"errorType": "Unavailable", "errorMessage": "database"}, FunctionError="Unhandled"), "database"),
        (payload({"refused": [{"pointer": "/list/code", "detail": "no such code"}]}), "/list/code: no such code"),
        (ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not you"}}, "Invoke"), "not you"),
    ],
)
def test_the_command_exits_with_2_if_the_function_fails_or_refuses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: Any, message: str
) -> None:
    function = Lambda(0)

    def answered(_command: object) -> dict[str, Any]:
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    function.answer = answered
    assert run(monkeypatch, function, "list") == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["all", "--because", "x"], ["all", "--code", "c"], ["jobs", "--because", "x"], ["list", "--since", "soon"]],
)
def test_invalid_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        parse([*ROOT, *arguments])
    assert refused.value.code == 2


def test_a_time_may_be_an_instant_or_an_age() -> None:
    assert parse([*ROOT, "list", "--since", "2026-11-21T08:00"]).since == "2026-11-21T08:00:00+00:00"
    ago = datetime.now(UTC) - datetime.fromisoformat(parse([*ROOT, "list", "--since", "90m"]).since)
    assert abs(ago - timedelta(minutes=90)) < timedelta(minutes=1)


def test_the_outputs_of_another_stage_are_not_used(tmp_path: Path) -> None:
    outputs = {
        "api": "https://x",
        "queue": "https://sqs.eu-west-1.amazonaws.com/1/q",
        "operator": "p-dev-OperatorFunction-x",
        "functions": {},
    }
    options = parse(["--root", str(tmp_path), "--stage", "production", "list"])
    with pytest.raises(CannotCallError, match="no outputs"):
        operator_function.find(options)
    (tmp_path / ".sst").mkdir()
    (tmp_path / ".sst" / "outputs.json").write_text(json.dumps(outputs))
    with pytest.raises(CannotCallError, match="another stage"):
        operator_function.find(options)


def test_without_a_local_stack_the_message_names_the_command_that_starts_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_dir, "running", list)
    with pytest.raises(CannotCallError, match=r"local\.sh"):
        operator_function.find(parse([*ROOT, "list"]))
