"""Attempts of ``RunJob``: which ones are spent, the pauses between tries, and the reasons that a job gives."""

from dataclasses import replace

import pytest
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.domain.job import JobStatus
from pipeline.jobs.errors import OutOfTime
from pipeline.models.errors import ModelFailed, ModelThrottled
from pipeline.platform.errors import ConfigurationError, Unavailable

from tests.support.fakes import FakeResults, text_answer, tool_answer
from tests.support.log_lines import LogLines
from tests.support.policy import POLICY
from tests.unit.test_run_job import GOOD, Harness, raising

MOST = POLICY.attempts.max_attempts
LONGEST_CALL_S = 125.0
"""Of the scripted model."""
ENOUGH_S = LONGEST_CALL_S + POLICY.attempts.finish_margin_s


def test_a_job_that_never_has_time_for_its_correction_fails_after_its_attempts() -> None:
    harness = Harness(*[tool_answer({})] * MOST)
    for _ in range(MOST):
        left = iter([600.0, 600.0, ENOUGH_S - 1])
        harness.run(remaining=lambda left=left: next(left))  # type: ignore[misc]
        harness.clock.forward(900)
    assert (harness.status, harness.failure_code) == (JobStatus.FAILED, FailureCode.ATTEMPTS_EXHAUSTED)
    assert harness.model.script == []


def test_a_call_is_made_with_exactly_the_time_that_it_may_take() -> None:
    harness = Harness(tool_answer(GOOD))
    harness.run(remaining=lambda: ENOUGH_S)
    assert harness.status is JobStatus.SUCCEEDED
    late = Harness(tool_answer(GOOD))
    with pytest.raises(OutOfTime):
        late.run(remaining=lambda: ENOUGH_S - 0.001)
    assert late.delivery.hidden == [POLICY.lease.lease_s]


def test_an_attempt_that_was_given_back_counts_as_one_of_three() -> None:
    harness = Harness(*[ModelFailed("ModelErrorException")] * (MOST - 1), tool_answer(GOOD))
    for _ in range(MOST):
        harness.run()
        harness.clock.forward(900)
    assert harness.status is JobStatus.SUCCEEDED


def test_a_failure_after_the_last_attempt_names_the_cause_and_the_number_of_attempts() -> None:
    harness = Harness(*[ModelFailed("ModelErrorException")] * MOST)
    for _ in range(MOST):
        harness.run()
        harness.clock.forward(900)
    failure = harness.store.get(harness.id, "a").failure  # type: ignore[union-attr]
    assert failure is not None
    assert failure.message.endswith(f"(ModelErrorException, {MOST} attempts)")


def test_the_end_of_an_attempt_is_tried_again_after_growing_pauses(
    monkeypatch: pytest.MonkeyPatch, logged: LogLines
) -> None:
    harness = Harness(tool_answer(GOOD))
    pauses: list[float] = []
    harness.process = replace(harness.process, sleep=pauses.append)
    monkeypatch.setattr(harness.store, "succeed", raising(Unavailable("database")))
    harness.run()
    assert pauses == [1, 2, 4, 8]
    unwritten = [line for line in logged.lines if line[1] == "end of attempt not written yet"]
    assert unwritten == [("WARNING", "end of attempt not written yet", {"dependency": "database"})] * 4


def test_a_job_whose_storage_is_down_returns_after_a_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(tool_answer(GOOD))
    harness.process = harness.worker(random=0.0)
    monkeypatch.setattr(FakeResults, "put", raising(Unavailable("storage")))
    harness.run()
    assert harness.queue.sent == [(harness.id, POLICY.lease.lease_s)]


def test_a_call_can_be_traced_to_its_job_in_bedrocks_own_log() -> None:
    harness = Harness(ModelFailed("ModelErrorException"), tool_answer(GOOD))
    harness.run()
    harness.clock.forward(900)
    harness.run()
    traced = [request["requestMetadata"] for request in harness.model.requests]
    assert traced == [{"job_id": str(harness.id), "analysis": "mood", "attempt": attempt} for attempt in ("1", "2")]


def test_a_correction_of_an_answer_without_a_tool_is_text() -> None:
    harness = Harness(text_answer("cheerful"), tool_answer(GOOD))
    harness.run()
    (block,) = harness.model.requests[1]["messages"][2]["content"]
    assert "record_result" in block["text"]


@pytest.mark.parametrize("limit", ["paid_calls_per_job", "answers_per_attempt"])
def test_the_failure_after_too_many_invalid_answers_states_their_number(limit: str) -> None:
    harness = Harness(*[text_answer("no tool")] * 2)
    policy = replace(POLICY, model=replace(POLICY.model, **{limit: 2}))
    harness.process = replace(harness.process, policy=policy)
    harness.run()
    failure = harness.store.get(harness.id, "a").failure  # type: ignore[union-attr]
    assert failure is not None
    assert (failure.code, failure.message.endswith("(2 answers)")) == (FailureCode.INVALID_OUTPUT, True)


@pytest.mark.parametrize("error", [Unavailable("database"), ConfigurationError("the database refuses the password")])
def test_an_outage_during_an_attempt_postpones_the_job_and_spends_nothing(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    harness = Harness(tool_answer(GOOD))
    with monkeypatch.context() as outage:
        outage.setattr(harness.store.ledger, "begin", raising(error))
        harness.run()
    assert harness.queue.sent == [(harness.id, 2 * POLICY.lease.lease_s)]
    assert harness.store.rows[harness.id].attempt == 1
    harness.clock.forward(2 * POLICY.lease.lease_s)
    harness.run()
    assert harness.status is JobStatus.SUCCEEDED


def test_a_job_that_was_given_back_is_marked_as_enqueued() -> None:
    harness = Harness(ModelThrottled("ThrottlingException"))
    harness.clock.forward(1)
    harness.run()
    assert harness.store.rows[harness.id].enqueued_at == harness.clock()


def test_a_job_of_an_analysis_that_was_removed_fails_with_the_reason() -> None:
    harness = Harness()
    harness.process = harness.worker({})
    harness.run()
    failure = harness.store.get(harness.id, "a").failure  # type: ignore[union-attr]
    assert failure is not None
    assert failure.code is FailureCode.INTERNAL_ERROR
    assert "no longer has the analysis" in failure.message
    assert harness.model.requests == []


def test_a_job_at_its_maximum_age_still_runs() -> None:
    harness = Harness(tool_answer(GOOD))
    harness.clock.forward(POLICY.attempts.max_age_s)
    harness.run()
    assert harness.status is JobStatus.SUCCEEDED


@pytest.mark.parametrize(("limit", "inline"), [(29, True), (28, False)])
def test_a_result_up_to_the_limit_is_kept_in_the_database_too(
    monkeypatch: pytest.MonkeyPatch, limit: int, inline: bool
) -> None:
    harness = Harness(tool_answer(GOOD))
    monkeypatch.setattr("pipeline.jobs.domain.job.INLINE_RESULT_BYTES", limit)
    harness.run()
    view = harness.store.get(harness.id, "a")
    assert view is not None
    assert view.result_key is not None
    assert len(harness.results.objects[view.result_key]) == 29
    assert view.result == (GOOD if inline else None)


@pytest.mark.parametrize("end", ["withdrawn", "cancelled"])
def test_the_message_of_a_job_without_work_leaves_no_other(end: str) -> None:
    harness = Harness()
    if end == "withdrawn":
        del harness.store.rows[harness.id]
    else:
        harness.store.cancel(harness.id, "a")
    harness.run()
    assert (harness.queue.sent, harness.model.requests) == ([], [])
