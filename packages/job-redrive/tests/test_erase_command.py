"""The erase command: its requests to the operator's function, its progress and its exit statuses."""

import io
import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from job_redrive import erase
from job_redrive.operator_function import OperatorFunction

ROOT = ["--root", "/nowhere"]


class Lambda:
    """A stand-in for the operator's function, with jobs to erase and jobs that have not ended."""

    def __init__(self, jobs: int, not_ended: int = 0) -> None:
        self.waiting, self.not_ended = jobs, not_ended
        self.commands: list[dict[str, Any]] = []
        self.fails_after: int | None = None

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        if len(self.commands) == self.fails_after:
            raise ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "slow down"}}, "Invoke")
        sent = json.loads(Payload)
        self.commands.append(sent)
        assert len(sent.get("jobs") or ()) <= 500
        erased = 0 if sent["dry_run"] else min(len(sent.get("jobs") or ()) or 500, 500, self.waiting)
        self.waiting -= erased
        remaining = 0 if sent.get("jobs") else self.waiting
        body = {"erased": erased, "remaining": remaining, "not_ended": self.not_ended}
        return {"Payload": io.BytesIO(json.dumps(body).encode())}


def run(monkeypatch: pytest.MonkeyPatch, function: Lambda, *arguments: str) -> int:
    monkeypatch.setattr(erase, "find", lambda _options: OperatorFunction(function, "the-operator", "me"))
    return erase.main([*ROOT, *arguments, "--because", "the customer asked"])


def test_a_tenant_is_erased_batch_by_batch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    function = Lambda(1_200)
    assert run(monkeypatch, function, "--tenant", "t", "--before", "2026-11-21T08:00") == 0
    assert function.waiting == 0
    sent = function.commands[0]
    assert (sent["tenant"], sent["ended_before"]) == ("t", "2026-11-21T08:00:00+00:00")
    assert (sent["requested_by"], sent["reason"]) == ("me", "the customer asked")
    assert capsys.readouterr().out.splitlines() == [
        "700 jobs left, 500 erased",
        "200 jobs left, 1000 erased",
        "0 jobs left, 1200 erased",
    ]


def test_jobs_are_erased_by_id_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    function, ids = Lambda(620), [str(uuid4()) for _ in range(620)]
    assert run(monkeypatch, function, *ids) == 0
    assert [job_id for sent in function.commands for job_id in sent["jobs"]] == ids


def test_ids_are_read_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    function, ids = Lambda(2), [str(uuid4()), str(uuid4())]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(ids)))
    assert run(monkeypatch, function, "-") == 0
    assert function.commands[0]["jobs"] == ids


def test_a_dry_run_only_counts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    function = Lambda(1_200)
    assert run(monkeypatch, function, "--tenant", "t", "--dry-run") == 0
    assert capsys.readouterr().out == "1200 jobs would be erased\n"
    assert (function.waiting, len(function.commands)) == (1_200, 1)


def test_jobs_that_have_not_ended_are_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, Lambda(1, not_ended=2), "--tenant", "t") == 1
    assert "2 jobs have not ended" in capsys.readouterr().out


def test_a_second_run_continues_where_the_first_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    function = Lambda(1_200)
    function.fails_after = 1
    assert run(monkeypatch, function, "--tenant", "t") == 2
    assert "slow down" in capsys.readouterr().err
    function.fails_after = None
    assert run(monkeypatch, function, "--tenant", "t") == 0
    assert function.waiting == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--because", "x"],
        ["--tenant", "t"],
        ["ID", "--tenant", "t", "--because", "x"],
        ["--before", "soon", "--because", "x"],
    ],
)
def test_invalid_arguments_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        erase.parse([*ROOT, *arguments])
    assert refused.value.code == 2
