"""The ``RunJob`` use case on fakes: the outcome of a job, its retries, and its cost."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Never
from uuid import UUID, uuid4

import pytest
from pipeline.definitions.analysis import AnyAnalysis
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.domain.job import ClaimedJob, JobMessage, JobStatus
from pipeline.jobs.errors import OutOfTime
from pipeline.jobs.services.delays import Delays
from pipeline.jobs.services.run_job import RunJob
from pipeline.models.calls import CallDenied, CallOutcome, CallOwner, DenialReason, PlannedCall
from pipeline.models.errors import ModelAccessDenied, ModelFailed, ModelThrottled
from pipeline.models.prices import Usage
from pipeline.models.stage_config import Limits
from pipeline.platform.errors import ConfigurationError, Unavailable
from pydantic import model_validator

from tests.support.fakes import (
    FakeClock,
    FakeDelivery,
    FakeQueue,
    FakeResults,
    FixedConfiguration,
    InMemoryJobStore,
    ScriptedModel,
    text_answer,
    tool_answer,
)
from tests.support.jobs import ANALYSES, Mood, config, new_job
from tests.support.policy import POLICY

GOOD = {"mood": "cheerful", "score": 7}
THROTTLED = ModelThrottled("ThrottlingException")
BROKEN = ModelFailed("ModelErrorException")


def raising(error: Exception) -> Callable[..., Never]:
    """A function that raises an error."""

    def function(*_given: object, **_named: object) -> Never:
        raise error

    return function


class Harness:
    """A queued job, and a ``RunJob`` with fake dependencies."""

    def __init__(self, *script: dict[str, object] | Exception, model: str = "haiku") -> None:
        self.clock = FakeClock()
        self.store = InMemoryJobStore(self.clock)
        self.queue = FakeQueue()
        self.results = FakeResults()
        self.model = ScriptedModel(list(script))
        self.delivery = FakeDelivery()
        self.configuration = FixedConfiguration()
        self.process = self.worker()
        job = new_job(config=config(model))
        self.store.submit(job)
        self.store.mark_enqueued(job.id)
        self.id = job.id

    def worker(self, analyses: Mapping[str, AnyAnalysis] = ANALYSES, random: float = 1.0) -> RunJob:
        ledger = self.store.ledger
        parts = (self.store, self.queue, self.results, self.model, ledger, self.configuration, analyses)
        return RunJob(*parts, POLICY, Delays(POLICY, lambda: random), sleep=self.clock.forward, now=self.clock)

    def run(self, remaining: Callable[[], float] = lambda: 600.0, job_id: UUID | None = None) -> None:
        self.process.run(JobMessage.of(job_id or self.id, "a"), self.delivery, remaining)

    @property
    def view(self) -> "object":
        return self.store.get(self.id, "a")

    @property
    def status(self) -> JobStatus:
        view = self.store.get(self.id, "a")
        assert view is not None
        return view.status

    @property
    def failure_code(self) -> FailureCode | None:
        view = self.store.get(self.id, "a")
        assert view is not None
        return view.failure.code if view.failure else None

    @property
    def usage(self) -> Usage:
        view = self.store.get(self.id, "a")
        assert view is not None
        return view.usage


def test_a_valid_answer_becomes_the_result() -> None:
    harness = Harness(tool_answer(GOOD))
    harness.run()
    view = harness.store.get(harness.id, "a")
    assert view is not None
    assert (view.status, view.result, view.attempts) == (JobStatus.SUCCEEDED, GOOD, 1)
    assert harness.results.objects == {view.result_key: b'{"mood":"cheerful","score":7}'}
    assert view.cost_usd == pytest.approx((100 * 1 + 20 * 5) / 1e6)
    assert harness.delivery.hidden == [POLICY.lease.lease_s]


def test_the_request_forces_the_tool_and_names_the_job() -> None:
    harness = Harness(tool_answer(GOOD))
    harness.run()
    request = harness.model.requests[0]
    assert request["toolConfig"]["toolChoice"] == {"tool": {"name": "record_result"}}
    assert request["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]["required"] == ["mood", "score"]
    assert request["inferenceConfig"] == {"maxTokens": 4000, "temperature": 0.1}
    assert request["requestMetadata"]["job_id"] == str(harness.id)
    assert "additionalModelRequestFields" not in request


def test_a_model_without_forced_tools_gets_an_instruction_instead() -> None:
    harness = Harness(tool_answer(GOOD), model="global.anthropic.claude-sonnet-5-5")
    harness.run()
    request = harness.model.requests[0]
    assert request["toolConfig"]["toolChoice"] == {"auto": {}}
    assert "record_result" in request["system"][1]["text"]


@pytest.mark.parametrize(
    "bad",
    [
        tool_answer({"mood": "x" * 21, "score": 7}),
        tool_answer({"mood": "ok", "score": 7, "extra": True}),
        tool_answer({"mood": 5, "score": 7}),
        tool_answer({"mood": "o\x1bk", "score": 7}),
        tool_answer({"mood": "\u202eko", "score": 7}),
        tool_answer({"mood": "ok\U000e0041", "score": 7}),
        tool_answer({"mood": "o\u200bk", "score": 7}),
        tool_answer({}),
        tool_answer("text"),
        text_answer("The note is cheerful."),
        text_answer(""),
        tool_answer(GOOD, name="another_tool"),
        text_answer("", stop_reason="malformed_tool_use"),
    ],
    ids=[
        "too long",
        "unknown field",
        "wrong type",
        "control",
        "reversed",
        "tag",
        "zero width",
        "empty",
        "no object",
        "text",
        "nothing",
        "other tool",
        "malformed",
    ],
)
def test_an_invalid_answer_is_corrected_and_billed(bad: dict[str, object]) -> None:
    harness = Harness(bad, tool_answer(GOOD))
    harness.run()
    assert harness.status is JobStatus.SUCCEEDED
    assert harness.usage == Usage(200, 40)
    first, answer, correction = harness.model.requests[1]["messages"]
    assert (first["role"], answer["role"], correction["role"]) == ("user", "assistant", "user")
    assert answer["content"]
    uses = [block["toolUse"]["toolUseId"] for block in answer["content"] if "toolUse" in block]
    results = [block["toolResult"]["toolUseId"] for block in correction["content"] if "toolResult" in block]
    assert uses == results


def test_the_correction_names_the_errors() -> None:
    harness = Harness(tool_answer({"mood": "ok", "score": 11}), tool_answer(GOOD))
    harness.run()
    result = harness.model.requests[1]["messages"][2]["content"][0]["toolResult"]
    assert result["status"] == "error"
    assert "/score: Input should be less than or equal to 10" in result["content"][0]["text"]


def test_three_invalid_answers_fail_the_job_and_are_billed() -> None:
    harness = Harness(*[tool_answer({})] * 3)
    harness.run()
    assert (harness.status, harness.failure_code, harness.usage) == (
        JobStatus.FAILED,
        FailureCode.INVALID_OUTPUT,
        Usage(300, 60),
    )
    assert harness.queue.sent == []


@pytest.mark.parametrize(
    ("stop_reason", "code"),
    [
        ("max_tokens", FailureCode.OUTPUT_TRUNCATED),
        ("model_context_window_exceeded", FailureCode.INPUT_TOO_LONG),
        ("guardrail_intervened", FailureCode.CONTENT_BLOCKED),
        ("content_filtered", FailureCode.CONTENT_BLOCKED),
    ],
)
def test_a_stopped_answer_fails_the_job_even_if_it_is_valid(stop_reason: str, code: FailureCode) -> None:
    harness = Harness(tool_answer(GOOD, stop_reason=stop_reason))
    harness.run()
    assert (harness.status, harness.failure_code, harness.usage) == (JobStatus.FAILED, code, Usage(100, 20))


def test_throttling_never_fails_a_job() -> None:
    times = 50
    harness = Harness(*[THROTTLED] * times, tool_answer(GOOD))
    for _ in range(times + 1):
        harness.run()
        harness.clock.forward(900)
    assert harness.status is JobStatus.SUCCEEDED
    delays = [delay for _job, delay in harness.queue.sent]
    assert len(delays) == times
    assert delays[:4] == [2, 4, 8, 16]
    assert max(delays) == 900


def test_a_job_over_its_maximum_age_fails_without_a_call() -> None:
    harness = Harness(THROTTLED, tool_answer(GOOD))
    harness.run()
    harness.clock.forward(POLICY.attempts.max_age_s - 1)
    harness.process = replace(harness.process, model=ScriptedModel([THROTTLED]))
    harness.run()
    assert harness.status is JobStatus.QUEUED
    harness.clock.forward(900)
    harness.run()
    assert (harness.status, harness.failure_code) == (JobStatus.FAILED, FailureCode.EXPIRED)


def test_retry_delays_have_jitter() -> None:
    harness = Harness(THROTTLED)
    harness.process = harness.worker(random=0.0)
    harness.run()
    assert harness.queue.sent == [(harness.id, 1)]


def test_no_delay_is_longer_than_sqs_allows() -> None:
    harness = Harness()
    harness.store.ledger.denial = CallDenied(DenialReason.DAILY_LIMIT, 86_400.0)
    harness.run()
    assert harness.queue.sent == [(harness.id, POLICY.attempts.longest_delay_s)]


def test_a_repeated_error_fails_the_job_after_three_attempts() -> None:
    harness = Harness(*[BROKEN] * POLICY.attempts.max_attempts)
    for _ in range(POLICY.attempts.max_attempts):
        harness.run()
        harness.clock.forward(900)
    assert (harness.status, harness.failure_code) == (JobStatus.FAILED, FailureCode.MODEL_FAILED)
    assert len(harness.queue.sent) == POLICY.attempts.max_attempts - 1


def test_throttling_does_not_count_as_an_attempt() -> None:
    harness = Harness(BROKEN, THROTTLED, THROTTLED, BROKEN, tool_answer(GOOD))
    for _ in range(5):
        harness.run()
        harness.clock.forward(900)
    assert harness.status is JobStatus.SUCCEEDED


def test_paid_answers_are_bounded_however_the_attempts_end() -> None:
    """A correction that is throttled does not count as an attempt; the answers before it were paid for."""
    bound = POLICY.model.paid_calls_per_job
    script: list[dict[str, object] | Exception] = [tool_answer({}), tool_answer({}), THROTTLED]
    harness = Harness(*script * bound)
    for _ in range(bound):
        harness.run()
        harness.clock.forward(900)
    assert harness.status is JobStatus.FAILED
    assert harness.usage == Usage(100 * bound, 20 * bound)


def test_calls_that_may_have_been_billed_count_as_paid() -> None:
    bound = POLICY.model.paid_calls_per_job
    harness = Harness(*[tool_answer(GOOD)] * bound)
    for _ in range(bound):  # each worker dies during its call, and the claim is given back as deferred
        job = harness.store.claim(harness.id, POLICY.lease.lease_s)
        assert isinstance(job, ClaimedJob)
        owner = CallOwner("job", job.id, job.tenant_id, job.attempt)
        harness.store.ledger.begin(PlannedCall(uuid4(), owner, "a-model", Decimal(1), 140.0), Limits())
        harness.store.release(job.id, job.attempt, "test", deferred=True, delay_seconds=0)
    harness.run()
    assert (harness.status, harness.failure_code) == (JobStatus.FAILED, FailureCode.ATTEMPTS_EXHAUSTED)
    assert harness.model.requests == []


def test_a_job_whose_workers_died_fails_with_attempts_exhausted() -> None:
    harness = Harness()
    for _ in range(POLICY.attempts.max_attempts):
        harness.store.claim(harness.id, POLICY.lease.lease_s)
        harness.clock.forward(POLICY.lease.lease_s)
    harness.run()
    assert (harness.status, harness.failure_code) == (JobStatus.FAILED, FailureCode.ATTEMPTS_EXHAUSTED)
    assert harness.model.requests == []


def test_a_permanent_error_fails_the_job_at_the_first_attempt() -> None:
    harness = Harness(ModelAccessDenied("AccessDeniedException"))
    harness.run()
    assert (harness.status, harness.failure_code) == (JobStatus.FAILED, FailureCode.MODEL_ACCESS_DENIED)


def test_a_message_of_a_finished_job_is_acknowledged_without_a_call() -> None:
    harness = Harness(tool_answer(GOOD))
    harness.run()
    harness.run()
    assert len(harness.model.requests) == 1


def test_a_message_of_an_unknown_job_is_acknowledged() -> None:
    harness = Harness()
    harness.run(job_id=uuid4())


def test_the_message_of_a_leased_job_is_postponed_until_the_lease_ends() -> None:
    harness = Harness()
    harness.store.claim(harness.id, POLICY.lease.lease_s)
    harness.run()
    assert harness.queue.sent == [(harness.id, POLICY.lease.lease_s + 1)]
    assert harness.model.requests == []


def test_a_second_message_does_not_shorten_the_retry_delay() -> None:
    harness = Harness(THROTTLED, tool_answer(GOOD))
    harness.run()
    harness.run()
    assert len(harness.model.requests) == 1
    assert harness.queue.sent == [(harness.id, 2), (harness.id, 3)]
    harness.clock.forward(2)
    harness.run()
    assert harness.status is JobStatus.SUCCEEDED


def test_a_database_outage_postpones_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()

    def unavailable(*_: object) -> None:
        raise Unavailable("database")

    monkeypatch.setattr(harness.store, "claim", unavailable)
    harness.run()
    assert harness.queue.sent == [(harness.id, 2 * POLICY.lease.lease_s)]
    harness.queue.down = True
    with pytest.raises(Unavailable):
        harness.run()


@pytest.mark.parametrize("error", [Unavailable("database"), ConfigurationError("the value of x is wrong")])
def test_a_call_that_cannot_begin_costs_no_attempt(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    harness = Harness(tool_answer(GOOD))
    with monkeypatch.context() as blocked:
        blocked.setattr(harness.store.ledger, "begin", raising(error))
        for _ in range(POLICY.attempts.max_attempts + 1):
            harness.run()
            assert harness.status is JobStatus.QUEUED
            harness.clock.forward(900)
    harness.run()
    assert harness.status is JobStatus.SUCCEEDED


def test_a_message_is_hidden_only_for_a_lease_if_the_claim_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(harness.store, "claim", fail)
    with pytest.raises(RuntimeError):
        harness.run()
    assert harness.delivery.hidden == [POLICY.lease.lease_s]


def test_a_storage_outage_counts_no_attempt_but_records_the_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(*[tool_answer(GOOD)] * 6)

    def unavailable(*_: object) -> None:
        raise Unavailable("storage")

    with monkeypatch.context() as outage:
        outage.setattr(FakeResults, "put", unavailable)
        for _ in range(5):
            harness.run()
            harness.clock.forward(900)
    harness.run()
    assert (harness.status, harness.usage) == (JobStatus.SUCCEEDED, Usage(600, 120))


def test_a_foreign_object_spends_the_attempt_and_the_next_one_has_its_own_key() -> None:
    harness = Harness(tool_answer(GOOD), tool_answer(GOOD))
    harness.results.objects[f"results/{harness.id}/1.json"] = b"forged"
    harness.run()
    assert harness.status is JobStatus.QUEUED
    harness.clock.forward(900)
    harness.run()
    view = harness.store.get(harness.id, "a")
    assert view is not None
    assert (view.status, view.result, view.result_key) == (JobStatus.SUCCEEDED, GOOD, f"results/{harness.id}/2.json")


def test_an_error_in_the_analysis_fails_the_job_and_its_calls_are_recorded() -> None:
    harness = Harness(tool_answer(GOOD))

    def fail(*_: object) -> Mood:
        raise ZeroDivisionError

    broken = replace(ANALYSES["mood"], conclude=fail)
    harness.process = harness.worker({"mood": broken})
    harness.run()
    assert (harness.status, harness.failure_code, harness.usage) == (
        JobStatus.FAILED,
        FailureCode.INTERNAL_ERROR,
        Usage(100, 20),
    )


def test_an_error_in_a_validator_of_the_analysis_pays_for_one_call_only() -> None:
    class Broken(Mood):
        @model_validator(mode="after")
        def fail(self) -> "Broken":
            raise ZeroDivisionError

    harness = Harness(tool_answer(GOOD))
    harness.process = harness.worker({"mood": replace(ANALYSES["mood"], answer_model=Broken)})
    harness.run()
    assert (harness.status, harness.failure_code, harness.usage) == (
        JobStatus.FAILED,
        FailureCode.INTERNAL_ERROR,
        Usage(100, 20),
    )


def test_a_configuration_of_another_release_fails_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()
    claimed = harness.store.claim(harness.id, POLICY.lease.lease_s)
    assert isinstance(claimed, ClaimedJob)
    newer = replace(claimed, config={**claimed.config, "field_of_tomorrow": 1})
    monkeypatch.setattr(harness.store, "claim", lambda *_: newer)
    harness.run()
    assert (harness.status, harness.failure_code) == (JobStatus.FAILED, FailureCode.INTERNAL_ERROR)


def test_a_late_result_is_refused_and_the_newer_one_is_kept() -> None:
    harness = Harness(tool_answer({"mood": "late", "score": 1}), tool_answer(GOOD))

    def freeze() -> None:
        """Freeze the worker for longer than its lease, while another worker finishes the job."""
        harness.model.during = lambda: None
        harness.clock.forward(POLICY.lease.lease_s)
        first = harness.model.script.pop(0)
        harness.run()
        harness.model.script.append(first)

    harness.model.during = freeze
    harness.run()
    view = harness.store.get(harness.id, "a")
    assert view is not None
    assert (view.status, view.result, view.attempts) == (JobStatus.SUCCEEDED, GOOD, 2)
    assert len(harness.results.objects) == 2  # each attempt has its own object


def test_a_job_is_not_claimed_without_time_for_a_call() -> None:
    harness = Harness()
    with pytest.raises(OutOfTime):
        harness.run(remaining=lambda: 140.0)
    assert harness.status is JobStatus.QUEUED


def test_a_correction_without_time_is_left_to_the_next_attempt() -> None:
    harness = Harness(tool_answer({}))
    left = iter([600.0, 600.0, 100.0])
    harness.run(remaining=lambda: next(left))
    assert harness.status is JobStatus.QUEUED
    assert harness.usage == Usage(100, 20)
    assert len(harness.queue.sent) == 1


def test_a_large_result_is_only_in_the_result_store() -> None:
    harness = Harness(tool_answer(GOOD))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.jobs.domain.job.INLINE_RESULT_BYTES", 10)
        harness.run()
    view = harness.store.get(harness.id, "a")
    assert view is not None
    assert (view.status, view.result) == (JobStatus.SUCCEEDED, None)
    assert view.result_key in harness.results.objects


def test_a_worker_that_lost_the_job_makes_no_further_call() -> None:
    harness = Harness(tool_answer({}), tool_answer(GOOD))
    frequent = replace(POLICY, lease=replace(POLICY.lease, beats_per_lease=3_000))  # a beat every 10 ms
    harness.process = replace(harness.process, policy=frequent)

    def cancel() -> None:
        """Cancel the job, and wait for the end of the heartbeat, which then has noticed it."""
        harness.store.cancel(harness.id, "a")
        for thread in threading.enumerate():
            if thread.name == "heartbeat":
                thread.join(5)

    harness.model.during = cancel
    harness.run()
    assert harness.status is JobStatus.CANCELLED
    assert len(harness.model.script) == 1
    assert harness.queue.sent == []


@pytest.mark.parametrize(
    ("reason", "seconds", "delays"),
    [
        (DenialReason.NO_SLOT, 5.0, (5, 10)),
        (DenialReason.MODEL_DOWN, 40.0, (40, 80)),
        (DenialReason.DAILY_LIMIT, 600.0, (600, 900)),
    ],
)
@pytest.mark.parametrize("random", [0.0, 1.0])
def test_a_denied_call_postpones_the_job_and_counts_no_attempt(
    reason: DenialReason, seconds: float, delays: tuple[int, int], random: float
) -> None:
    harness = Harness(tool_answer(GOOD))
    harness.process = harness.worker(random=random)
    harness.store.ledger.denial = CallDenied(reason, seconds)
    delay = delays[int(random)]
    for _ in range(5):  # more than the limit of attempts
        harness.run()
        assert harness.queue.sent.pop() == (harness.id, min(delay, 900))
        harness.clock.forward(delay)
    assert harness.model.requests == []
    harness.store.ledger.denial = None
    harness.run()
    assert harness.status is JobStatus.SUCCEEDED


def test_a_call_is_recorded_before_it_is_made_and_settled_afterwards() -> None:
    harness = Harness(THROTTLED, tool_answer(GOOD))
    open_calls: list[int] = []
    calls = harness.store.ledger.calls
    harness.model.during = lambda: open_calls.append(sum(known.end is None for known in calls.values()))
    harness.run()
    harness.clock.forward(900)
    harness.run()
    assert open_calls == [1, 1]
    throttled, answered = calls.values()
    assert throttled.end == CallOutcome("ThrottlingException", Usage(), Decimal(0), healthy=False)
    assert answered.end is not None
    assert (answered.end.outcome, answered.end.usage, answered.end.healthy) == ("answered", Usage(100, 20), True)
    assert answered.end.cost_usd is not None
    assert answered.call.max_cost_usd > answered.end.cost_usd
    assert answered.call.owner == CallOwner("job", harness.id, "a", 2)


def test_an_answer_is_kept_if_its_call_cannot_be_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(tool_answer(GOOD))
    monkeypatch.setattr(harness.store.ledger, "end", raising(Unavailable("database")))
    harness.run()
    assert harness.status is JobStatus.SUCCEEDED
    assert harness.store.ledger.spent_today("a").stage > 0


def test_an_answer_is_kept_during_a_short_database_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(tool_answer(GOOD))
    succeed = harness.store.succeed
    answers = iter([raising(Unavailable("database"))] * 3 + [succeed])
    monkeypatch.setattr(harness.store, "succeed", lambda *given: next(answers)(*given))
    harness.run()
    assert harness.status is JobStatus.SUCCEEDED
    assert len(harness.model.requests) == 1


def test_a_long_database_outage_postpones_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(tool_answer(GOOD))
    monkeypatch.setattr(harness.store, "succeed", raising(Unavailable("database")))
    harness.run()
    assert harness.queue.sent == [(harness.id, 2 * POLICY.lease.lease_s)]


def test_an_unreadable_configuration_postpones_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()
    monkeypatch.setattr(FixedConfiguration, "current", raising(ConfigurationError("the value of x is wrong")))
    harness.run()
    assert (harness.status, harness.queue.sent) == (JobStatus.QUEUED, [(harness.id, 2 * POLICY.lease.lease_s)])


def test_an_unexpected_error_counts_as_an_attempt_and_is_named_in_the_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(*[tool_answer(GOOD)] * POLICY.attempts.max_attempts)
    monkeypatch.setattr(FakeResults, "put", raising(KeyError("secret of the document")))
    for _ in range(POLICY.attempts.max_attempts):
        harness.run()
        harness.clock.forward(900)
    view = harness.store.get(harness.id, "a")
    assert view is not None
    assert view.failure is not None
    assert (view.failure.code, view.attempts) == (FailureCode.INTERNAL_ERROR, POLICY.attempts.max_attempts)
    assert "KeyError" in view.failure.message
    assert "secret" not in view.failure.message


def test_an_error_in_the_ledger_counts_as_an_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness(tool_answer(GOOD))
    with monkeypatch.context() as broken:
        broken.setattr(harness.store.ledger, "begin", raising(KeyError("id")))
        harness.run()
    assert harness.status is JobStatus.QUEUED
    harness.clock.forward(900)
    harness.run()
    view = harness.store.get(harness.id, "a")
    assert view is not None
    assert (view.status, view.attempts) == (JobStatus.SUCCEEDED, 2)


def test_every_message_of_a_job_has_the_group_of_its_tenant() -> None:
    harness = Harness(THROTTLED)
    harness.run()  # throttled
    harness.run()  # not due yet
    assert harness.queue.groups == [JobMessage.of(harness.id, "a").group] * 2
    assert JobMessage.of(harness.id, "b").group != harness.queue.groups[0]


def test_waits_for_a_slot_do_not_lengthen_the_delay_after_throttling() -> None:
    harness = Harness(THROTTLED)
    harness.store.ledger.denial = CallDenied(DenialReason.NO_SLOT, 5.0)
    for _ in range(9):
        harness.run()
        harness.clock.forward(900)
    harness.store.ledger.denial = None
    harness.run()
    assert harness.queue.sent[-1] == (harness.id, 2)
