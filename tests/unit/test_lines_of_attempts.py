"""The lines that an attempt logs: operators search for them, and an alarm counts one of them."""

import logging
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pipeline.models.errors import ModelThrottled
from pipeline.platform.errors import ConfigurationError, Unavailable

from tests.support.fakes import FakeResults, FixedConfiguration, tool_answer
from tests.support.jobs import ANALYSES
from tests.support.log_lines import LogLines
from tests.unit.test_run_job import GOOD, Harness, raising


def ended(harness: Harness, **fields: Any) -> dict[str, Any]:
    """The fields of the line at the end of an attempt with one answer."""
    usage = {"answers": 1, "input_tokens": 100, "output_tokens": 20, "cost_usd": 0.0002}
    return {"job_id": str(harness.id), "attempt": 1, **usage, **fields}


def test_an_attempt_is_logged_at_its_begin_and_its_end(logged: LogLines) -> None:
    harness = Harness(tool_answer(GOOD))
    harness.run()
    assert logged.only("claimed") == ("INFO", {"job_id": str(harness.id), "attempt": 1, "analysis": "mood"})
    assert logged.only("attempt ended") == ("INFO", ended(harness, outcome="succeeded"))


def test_a_late_result_is_logged_as_refused(logged: LogLines) -> None:
    harness = Harness(tool_answer(GOOD))
    harness.model.during = lambda: harness.store.cancel(harness.id, "a")  # type: ignore[assignment]
    harness.run()
    assert logged.only("late result refused") == ("INFO", ended(harness, outcome="succeeded"))


@pytest.mark.parametrize(
    ("error", "outcome"), [(ModelThrottled("ThrottlingException"), "ThrottlingException"), (None, "invalid_output")]
)
def test_the_end_of_an_attempt_names_its_outcome(logged: LogLines, error: Exception | None, outcome: str) -> None:
    harness = Harness(*([error] if error else [tool_answer({})] * 3))
    harness.run()
    assert logged.only("attempt ended")[1]["outcome"] == outcome


def test_an_invalid_answer_is_logged_by_the_places_of_its_errors(logged: LogLines) -> None:
    harness = Harness(tool_answer({"mood": 1, "score": 11, "canary": "4711"}), tool_answer(GOOD))
    harness.run()
    level, fields = logged.only("answer invalid")
    assert level == "INFO"
    assert fields == {"job_id": str(harness.id), "answers": 1, "fields": ["/mood", "/score", "/*"]}


def test_a_postponed_job_is_an_error_with_its_reason(logged: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()
    monkeypatch.setattr(FixedConfiguration, "current", raising(ConfigurationError("the value of x is wrong")))
    harness.run()
    assert logged.only("job postponed") == (
        "ERROR",
        {"job_id": str(harness.id), "reason": "the value of x is wrong", "error_type": "ConfigurationError"},
    )


def test_a_foreign_object_is_an_error_that_names_its_attempt(logged: LogLines) -> None:
    harness = Harness(tool_answer(GOOD))
    harness.results.objects[f"results/{harness.id}/1.json"] = b"forged"
    harness.run()
    fields = {"job_id": str(harness.id), "attempt": 1, "error_type": "ForeignObject"}
    assert logged.only("result has a foreign object") == ("ERROR", fields)
    assert logged.only("attempt ended")[1]["outcome"] == "foreign object"


def test_an_unexpected_error_is_logged_with_its_type(logged: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(tool_answer(GOOD))
    monkeypatch.setattr(FakeResults, "put", raising(KeyError("canary-4711")))
    harness.run()
    fields = {"job_id": str(harness.id), "attempt": 1, "error_type": "KeyError"}
    assert logged.only("attempt failed") == ("ERROR", fields)
    assert logged.only("attempt ended")[1]["outcome"] == "KeyError"
    assert "canary-4711" not in str(logged.lines)


def test_an_error_in_an_analysis_names_the_analysis(logged: LogLines) -> None:
    harness = Harness(tool_answer(GOOD))

    broken = replace(ANALYSES["mood"], prompt=raising(ZeroDivisionError()))
    harness.process = harness.worker({"mood": broken})
    harness.run()
    fields = {"job_id": str(harness.id), "analysis": "mood", "error_type": "ZeroDivisionError"}
    assert logged.only("analysis failed") == ("ERROR", fields)
    assert harness.model.requests == []


def test_a_message_without_work_is_logged_with_the_jobs_state(logged: LogLines) -> None:
    harness = Harness(tool_answer(GOOD))
    harness.run()
    harness.run()
    assert logged.only("nothing to do") == ("INFO", {"job_id": str(harness.id), "status": "succeeded"})


def test_an_unsettled_call_is_an_error_that_names_its_owner(logged: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(tool_answer(GOOD))
    monkeypatch.setattr(harness.store.ledger, "end", raising(Unavailable("database")))
    harness.run()
    owner = {"purpose": "job", "owner_id": str(harness.id), "outcome": "answered"}
    assert logged.only("call not settled") == ("ERROR", {**owner, "error_type": "Unavailable"})
    assert logged.only("attempt ended")[1]["cost_usd"] == pytest.approx(float(Decimal("0.0002")))


def test_no_line_is_written_below_the_level_of_information(logged: LogLines) -> None:
    Harness(tool_answer(GOOD)).run()
    assert {level for level, _, _ in logged.lines} <= {logging.getLevelName(logging.INFO)}
