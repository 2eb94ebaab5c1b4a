"""The log: where a line goes, its types in JSON, and the stack frames of an error."""

import json
import logging
import re
import sys
from pathlib import Path
from uuid import UUID

import pytest
from pipeline.platform import observability
from pipeline.platform.observability import log

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("pipeline")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "propagate", True)
    monkeypatch.setattr(logger, "level", logging.NOTSET)


def test_a_line_goes_to_standard_output_and_not_to_the_runtimes_own_handler(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    log.info("first")
    log.warning("second", resent=2)
    output = capsys.readouterr()
    assert output.err == ""
    assert [(line["level"], line["message"]) for line in map(json.loads, output.out.splitlines())] == [
        ("INFO", "first"),
        ("WARNING", "second"),
    ]
    assert caplog.records == []
    assert logging.getLogger("pipeline").handlers[0].stream is sys.stdout  # type: ignore[attr-defined]


def test_a_field_keeps_its_type_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    log.info("typed", job_id=UUID(int=1), attempt=None, cost_usd=0.5, roles=["r"], resent=3)
    line = json.loads(capsys.readouterr().out)
    assert {name: line[name] for name in ("job_id", "attempt", "cost_usd", "roles", "resent")} == {
        "job_id": str(UUID(int=1)),
        "attempt": None,
        "cost_usd": 0.5,
        "roles": ["r"],
        "resent": 3,
    }


def test_an_error_has_its_last_six_frames_from_the_outermost_on(capsys: pytest.CaptureFixture[str]) -> None:
    def deeper(levels: int) -> None:
        if levels == 0:
            raise ValueError
        deeper(levels - 1)

    with pytest.raises(ValueError) as failed:  # noqa: PT011 - raised above
        deeper(8)
    log.error("broken", failed.value, reason="x")
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["error_type"], line["reason"]) == ("ERROR", "ValueError", "x")
    assert len(line["error_at"]) == 6
    assert all(re.fullmatch(r"test_log_format\.py:\d+ deeper", frame) for frame in line["error_at"])
    numbers = [int(frame.split(":")[1].split()[0]) for frame in line["error_at"]]
    assert numbers[-1] == min(numbers)  # the line that raised is above the call


def test_an_error_of_a_class_in_a_class_is_named_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(Exception):
        """An error."""

    log.error("broken", Broken())
    assert json.loads(capsys.readouterr().out)["error_type"].endswith("<locals>.Broken")


def test_every_line_that_an_alarm_or_the_runbook_names_is_written() -> None:
    """Other tests show when; this one finds a text that was changed on one side only."""
    alarms = "".join(file.read_text() for file in (ROOT / "infra").rglob("alarms.ts"))
    named = set(re.findall(r'\$\.message = "([^"]+)"', alarms)) | {"message left"}
    code = "".join(file.read_text() for file in Path(observability.__file__).parents[1].rglob("*.py"))
    written = set(re.findall(r'log\.\w+\(\s*"([^"]+)"', code))
    assert len(named) > 3
    assert named <= written
