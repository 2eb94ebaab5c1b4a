"""The log: one JSON object a line, with typed fields only, and never the message of an error."""

import json
import logging
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from pipeline.platform.observability import log

ROOT = Path(__file__).parents[2]
JOB = UUID(int=1)

type Capture = pytest.CaptureFixture[str]


COLD_REQUEST = """
from types import SimpleNamespace

from pipeline.jobs.handlers import api
from tests.support.events import http_event

api.handler(http_event("$default", path="/no/such/path"), SimpleNamespace(aws_request_id="request-1"))
"""
"""A request that no route matches, so that no use case and no client is built."""


@pytest.fixture(autouse=True)
def fresh_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log as in a fresh process: not set up yet."""
    monkeypatch.setattr(logging.getLogger("pipeline"), "handlers", [])
    monkeypatch.setattr(logging.getLogger("pipeline"), "propagate", True)


def written(capsys: Capture) -> dict[str, object]:
    (line,) = capsys.readouterr().out.splitlines()
    entry: dict[str, object] = json.loads(line)
    return entry


def test_an_entry_is_json_with_its_fields(capsys: Capture) -> None:
    log.info("claimed", job_id=JOB, attempt=2)
    entry = written(capsys)
    assert entry.pop("timestamp")
    assert entry == {"level": "INFO", "message": "claimed", "job_id": str(JOB), "attempt": 2}


def test_the_type_checker_refuses_an_unknown_field(tmp_path: Path) -> None:
    snippet = tmp_path / "snippet.py"
    call = 'log.info("rotation", step="createSecret", version="v", roles=["r"], document="text")\n'
    snippet.write_text(f"from pipeline.platform.observability import log\n\n{call}")
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(snippet)]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.stdout.count(": error:") == 1, checked.stdout
    assert 'Unexpected keyword argument "document"' in checked.stdout


def test_the_fields_that_operators_search_for_are_logged(capsys: Capture) -> None:
    log.info("rotation", step="createSecret", version="v", roles=["pipeline_api"])
    entry = written(capsys)
    assert (entry["step"], entry["version"], entry["roles"]) == ("createSecret", "v", ["pipeline_api"])


def test_an_error_is_logged_as_its_type_and_place(capsys: Capture) -> None:
    try:
        int("canary-4711")
    except ValueError as exc:
        log.error("unexpected", exc)
    entry = written(capsys)
    assert entry["error_type"] == "ValueError"
    assert "test_observability.py" in json.dumps(entry["error_at"])
    assert "canary-4711" not in json.dumps(entry)


def test_each_line_is_written_once(capsys: Capture) -> None:
    for message in ("first", "second"):
        log.info(message)
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["message"] for line in lines] == ["first", "second"]


def test_a_cold_process_logs_a_request_that_builds_nothing() -> None:
    ran = subprocess.run([sys.executable, "-c", COLD_REQUEST], cwd=ROOT, capture_output=True, text=True, check=True)
    [line] = ran.stdout.splitlines()
    entry = json.loads(line)
    assert (entry["message"], entry["status"], entry["request_id"]) == ("answered", 404, "request-1")
