"""The log: one JSON object a line, of known fields only, and nothing of what an error says."""

import json
import logging
from collections.abc import Callable

import pytest
from pipeline.platform import observability
from pipeline.platform.observability import log

type Configure = Callable[[], None]
type Capture = pytest.CaptureFixture[str]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Configures as in a fresh process; called in the test, when its stdout is there."""
    monkeypatch.setattr(logging.getLogger("pipeline"), "handlers", [])
    monkeypatch.setattr(logging.getLogger("pipeline"), "propagate", True)
    return observability.configure


def written(capsys: Capture) -> dict[str, object]:
    (line,) = capsys.readouterr().out.splitlines()
    entry: dict[str, object] = json.loads(line)
    return entry


def test_an_entry_is_json_with_its_fields(configure: Configure, capsys: Capture) -> None:
    configure()
    log.info("claimed", job_id="1", attempt=2)
    entry = written(capsys)
    assert entry.pop("timestamp")
    assert entry == {"level": "INFO", "message": "claimed", "job_id": "1", "attempt": 2}


def test_an_unknown_field_is_named_and_not_written(configure: Configure, capsys: Capture) -> None:
    configure()
    log.info("claimed", document="canary-4711", job_id="1")
    entry = written(capsys)
    assert entry["dropped"] == ["document"]
    assert "canary-4711" not in json.dumps(entry)


def test_an_error_is_its_type_and_place(configure: Configure, capsys: Capture) -> None:
    configure()
    try:
        int("canary-4711")
    except ValueError as fault:
        log.error("unexpected", fault)
    entry = written(capsys)
    assert entry["error_type"] == "ValueError"
    assert "test_observability.py" in json.dumps(entry["error_at"])
    assert "canary-4711" not in json.dumps(entry)


def test_configuring_twice_writes_once(configure: Configure, capsys: Capture) -> None:
    configure()
    configure()
    log.info("once")
    assert written(capsys)["message"] == "once"
