"""The log: one JSON object a line, with typed fields only, and never the message of an error."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from pipeline.platform import observability
from pipeline.platform.observability import log

ROOT = Path(__file__).parents[2]
JOB = UUID(int=1)

type Configure = Callable[[], None]
type Capture = pytest.CaptureFixture[str]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Configures the log as in a fresh process. Called in the test, because stdout must be captured first."""
    monkeypatch.setattr(logging.getLogger("pipeline"), "handlers", [])
    monkeypatch.setattr(logging.getLogger("pipeline"), "propagate", True)
    return observability.configure


def written(capsys: Capture) -> dict[str, object]:
    (line,) = capsys.readouterr().out.splitlines()
    entry: dict[str, object] = json.loads(line)
    return entry


def test_an_entry_is_json_with_its_fields(configure: Configure, capsys: Capture) -> None:
    configure()
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


def test_the_fields_that_operators_search_for_are_logged(configure: Configure, capsys: Capture) -> None:
    configure()
    log.info("rotation", step="createSecret", version="v", roles=["pipeline_api"])
    entry = written(capsys)
    assert (entry["step"], entry["version"], entry["roles"]) == ("createSecret", "v", ["pipeline_api"])


def test_an_error_is_logged_as_its_type_and_place(configure: Configure, capsys: Capture) -> None:
    configure()
    try:
        int("canary-4711")
    except ValueError as exc:
        log.error("unexpected", exc)
    entry = written(capsys)
    assert entry["error_type"] == "ValueError"
    assert "test_observability.py" in json.dumps(entry["error_at"])
    assert "canary-4711" not in json.dumps(entry)


def test_configuring_twice_writes_once(configure: Configure, capsys: Capture) -> None:
    configure()
    configure()
    log.info("once")
    assert written(capsys)["message"] == "once"
