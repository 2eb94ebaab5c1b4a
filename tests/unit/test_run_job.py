"""Running a job, with everything around it faked: what ends it, what gives it back, and what it costs."""

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
from pipeline.jobs.services import run_job as process
from pipeline.jobs.services.run_job import RunJob
from pipeline.models.calls import CallDenied, CallOutcome, CallOwner, DenialReason
from pipeline.models.errors import ModelAccessDenied, ModelFailed, ModelThrottled
from pipeline.models.prices import Usage
from pipeline.platform.errors import ConfigurationError, Unavailable

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


def raising(fault: Exception) -> Callable[..., Never]:
    """A function that does nothing else."""

    def function(*_given: object, **_named: object) -> Never:
        raise fault

    return function


class Bench:
    """One job and all that it needs."""

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
        self.store.record(job)
        self.store.mark_enqueued(job.id)
        self.id = job.id

    def worker(self, analyses: Mapping[str, AnyAnalysis] = ANALYSES, random: float = 1.0) -> RunJob:
        ledger = self.store.ledger
        parts = (self.store, self.queue, self.results, self.model, ledger, self.configuration, analyses)
        return RunJob(*parts, POLICY, random=lambda: random, sleep=self.clock.forward)

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


def test_a_good_answer_is_the_result() -> None:
    bench = Bench(tool_answer(GOOD))
    bench.run()
    view = bench.store.get(bench.id, "a")
    assert view is not None
    assert (view.status, view.result, view.attempts) == (JobStatus.SUCCEEDED, GOOD, 1)
    assert bench.results.objects == {view.result_key: b'{"mood":"cheerful","score":7}'}
    assert view.cost_usd == pytest.approx((100 * 1 + 20 * 5) / 1e6)
    assert bench.delivery.hidden == [POLICY.lease.lease_s]


def test_the_request_forces_the_tool_and_names_the_job() -> None:
    bench = Bench(tool_answer(GOOD))
    bench.run()
    request = bench.model.requests[0]
    assert request["toolConfig"]["toolChoice"] == {"tool": {"name": "record_result"}}
    assert request["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]["required"] == ["mood", "score"]
    assert request["inferenceConfig"] == {"maxTokens": 4000, "temperature": 0.1}
    assert request["requestMetadata"]["job_id"] == str(bench.id)
    assert "additionalModelRequestFields" not in request


def test_a_model_that_refuses_a_forced_tool_is_asked_in_words() -> None:
    bench = Bench(tool_answer(GOOD), model="global.anthropic.claude-sonnet-5-5")
    bench.run()
    request = bench.model.requests[0]
    assert request["toolConfig"]["toolChoice"] == {"auto": {}}
    assert "record_result" in request["system"][1]["text"]


@pytest.mark.parametrize(
    "bad",
    [
        tool_answer({"mood": "x" * 21, "score": 7}),
        tool_answer({"mood": "ok", "score": 7, "extra": True}),
        tool_answer({"mood": 5, "score": 7}),
        tool_answer({}),
        tool_answer("words"),
        text_answer("I would say cheerful."),
        text_answer(""),
        tool_answer(GOOD, name="another_tool"),
        text_answer("", stop_reason="malformed_tool_use"),
    ],
    ids=["too long", "unknown field", "wrong type", "empty", "no object", "text", "nothing", "other tool", "malformed"],
)
def test_a_bad_answer_is_sent_back_and_paid_for(bad: dict[str, object]) -> None:
    bench = Bench(bad, tool_answer(GOOD))
    bench.run()
    assert bench.status is JobStatus.SUCCEEDED
    assert bench.usage == Usage(200, 40)
    first, answer, correction = bench.model.requests[1]["messages"]
    assert (first["role"], answer["role"], correction["role"]) == ("user", "assistant", "user")
    assert answer["content"]
    uses = [block["toolUse"]["toolUseId"] for block in answer["content"] if "toolUse" in block]
    results = [block["toolResult"]["toolUseId"] for block in correction["content"] if "toolResult" in block]
    assert uses == results


def test_the_correction_names_the_errors() -> None:
    bench = Bench(tool_answer({"mood": "ok", "score": 11}), tool_answer(GOOD))
    bench.run()
    result = bench.model.requests[1]["messages"][2]["content"][0]["toolResult"]
    assert result["status"] == "error"
    assert "/score: Input should be less than or equal to 10" in result["content"][0]["text"]


def test_after_three_bad_answers_the_job_fails_and_all_are_paid_for() -> None:
    bench = Bench(*[tool_answer({})] * 3)
    bench.run()
    assert (bench.status, bench.failure_code, bench.usage) == (
        JobStatus.FAILED,
        FailureCode.INVALID_OUTPUT,
        Usage(300, 60),
    )
    assert bench.queue.sent == []


@pytest.mark.parametrize(
    ("stop_reason", "code"),
    [
        ("max_tokens", FailureCode.OUTPUT_TRUNCATED),
        ("model_context_window_exceeded", FailureCode.INPUT_TOO_LONG),
        ("guardrail_intervened", FailureCode.CONTENT_BLOCKED),
        ("content_filtered", FailureCode.CONTENT_BLOCKED),
    ],
)
def test_an_answer_that_was_stopped_is_no_result_even_if_it_fits(stop_reason: str, code: FailureCode) -> None:
    bench = Bench(tool_answer(GOOD, stop_reason=stop_reason))
    bench.run()
    assert (bench.status, bench.failure_code, bench.usage) == (JobStatus.FAILED, code, Usage(100, 20))


def test_being_throttled_never_fails_a_job() -> None:
    times = 50
    bench = Bench(*[THROTTLED] * times, tool_answer(GOOD))
    for _ in range(times + 1):
        bench.run()
        bench.clock.forward(900)
    assert bench.status is JobStatus.SUCCEEDED
    delays = [delay for _job, delay in bench.queue.sent]
    assert len(delays) == times
    assert delays[:4] == [2, 4, 8, 16]
    assert max(delays) == 900


def test_delays_are_spread() -> None:
    bench = Bench(THROTTLED)
    bench.process = bench.worker(random=0.0)
    bench.run()
    assert bench.queue.sent == [(bench.id, 1)]


def test_a_fault_that_stays_fails_the_job_after_three_attempts() -> None:
    bench = Bench(*[BROKEN] * POLICY.attempts.attempts)
    for _ in range(POLICY.attempts.attempts):
        bench.run()
        bench.clock.forward(900)
    assert (bench.status, bench.failure_code) == (JobStatus.FAILED, FailureCode.MODEL_FAILED)
    assert len(bench.queue.sent) == POLICY.attempts.attempts - 1


def test_being_throttled_does_not_use_up_attempts() -> None:
    bench = Bench(BROKEN, THROTTLED, THROTTLED, BROKEN, tool_answer(GOOD))
    for _ in range(5):
        bench.run()
        bench.clock.forward(900)
    assert bench.status is JobStatus.SUCCEEDED


def test_a_job_whose_workers_died_fails_with_its_reason() -> None:
    bench = Bench()
    for _ in range(POLICY.attempts.attempts):
        bench.store.claim(bench.id, POLICY.lease.lease_s)
        bench.clock.forward(POLICY.lease.lease_s)
    bench.run()
    assert (bench.status, bench.failure_code) == (JobStatus.FAILED, FailureCode.ATTEMPTS_EXHAUSTED)
    assert bench.model.requests == []


def test_a_final_fault_fails_the_job_at_once() -> None:
    bench = Bench(ModelAccessDenied("AccessDeniedException"))
    bench.run()
    assert (bench.status, bench.failure_code) == (JobStatus.FAILED, FailureCode.MODEL_ACCESS_DENIED)


def test_a_duplicate_of_a_finished_job_is_acknowledged_without_a_call() -> None:
    bench = Bench(tool_answer(GOOD))
    bench.run()
    bench.run()
    assert len(bench.model.requests) == 1


def test_a_message_for_no_job_is_acknowledged() -> None:
    bench = Bench()
    bench.run(job_id=uuid4())


def test_a_job_that_another_worker_holds_is_looked_at_again_when_its_lease_ends() -> None:
    bench = Bench()
    bench.store.claim(bench.id, POLICY.lease.lease_s)
    bench.run()
    assert bench.queue.sent == [(bench.id, POLICY.lease.lease_s + 1)]
    assert bench.model.requests == []


def test_a_second_message_does_not_skip_the_wait() -> None:
    bench = Bench(THROTTLED, tool_answer(GOOD))
    bench.run()
    bench.run()
    assert len(bench.model.requests) == 1
    assert bench.queue.sent == [(bench.id, 2), (bench.id, 3)]
    bench.clock.forward(2)
    bench.run()
    assert bench.status is JobStatus.SUCCEEDED


def test_an_outage_puts_the_job_off_and_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def away(*_: object) -> None:
        raise Unavailable("database")

    monkeypatch.setattr(bench.store, "claim", away)
    bench.run()
    assert bench.queue.sent == [(bench.id, 2 * POLICY.lease.lease_s)]
    bench.queue.down = True
    with pytest.raises(Unavailable):
        bench.run()


def test_a_message_is_back_soon_whatever_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def fault(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(bench.store, "claim", fault)
    with pytest.raises(RuntimeError):
        bench.run()
    assert bench.delivery.hidden == [POLICY.lease.lease_s]


def test_storage_that_is_away_costs_no_attempt_but_the_calls_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(*[tool_answer(GOOD)] * 6)

    def away(*_: object) -> None:
        raise Unavailable("storage")

    with monkeypatch.context() as outage:
        outage.setattr(FakeResults, "put", away)
        for _ in range(5):
            bench.run()
            bench.clock.forward(900)
    bench.run()
    assert (bench.status, bench.usage) == (JobStatus.SUCCEEDED, Usage(600, 120))


def test_a_fault_of_the_analysis_fails_the_job_and_its_calls_are_counted() -> None:
    bench = Bench(tool_answer(GOOD))

    def fault(*_: object) -> Mood:
        raise ZeroDivisionError

    broken = replace(ANALYSES["mood"], conclude=fault)
    bench.process = bench.worker({"mood": broken})
    bench.run()
    assert (bench.status, bench.failure_code, bench.usage) == (
        JobStatus.FAILED,
        FailureCode.INTERNAL_ERROR,
        Usage(100, 20),
    )


def test_a_configuration_of_another_release_fails_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    claimed = bench.store.claim(bench.id, POLICY.lease.lease_s)
    assert isinstance(claimed, ClaimedJob)
    newer = replace(claimed, config={**claimed.config, "field_of_tomorrow": 1})
    monkeypatch.setattr(bench.store, "claim", lambda *_: newer)
    bench.run()
    assert (bench.status, bench.failure_code) == (JobStatus.FAILED, FailureCode.INTERNAL_ERROR)


def test_a_late_result_is_refused_and_the_new_one_stands() -> None:
    bench = Bench(tool_answer({"mood": "late", "score": 1}), tool_answer(GOOD))

    def meanwhile() -> None:
        """The worker freezes for longer than its lease; another takes over and finishes."""
        bench.model.during = lambda: None
        bench.clock.forward(POLICY.lease.lease_s)
        first = bench.model.script.pop(0)
        bench.run()
        bench.model.script.append(first)

    bench.model.during = meanwhile
    bench.run()
    view = bench.store.get(bench.id, "a")
    assert view is not None
    assert (view.status, view.result, view.attempts) == (JobStatus.SUCCEEDED, GOOD, 2)
    assert len(bench.results.objects) == 2  # each attempt has its own object


def test_without_time_for_a_call_the_job_is_not_even_claimed() -> None:
    bench = Bench()
    with pytest.raises(OutOfTime):
        bench.run(remaining=lambda: 140.0)
    assert bench.status is JobStatus.QUEUED


def test_a_correction_that_would_not_fit_is_left_to_another_attempt() -> None:
    bench = Bench(tool_answer({}))
    left = iter([600.0, 600.0, 100.0])
    bench.run(remaining=lambda: next(left))
    assert bench.status is JobStatus.QUEUED
    assert bench.usage == Usage(100, 20)
    assert len(bench.queue.sent) == 1


def test_a_large_result_is_in_storage_only() -> None:
    bench = Bench(tool_answer(GOOD))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "INLINE_RESULT_BYTES", 10)
        bench.run()
    view = bench.store.get(bench.id, "a")
    assert view is not None
    assert (view.status, view.result) == (JobStatus.SUCCEEDED, None)
    assert view.result_key in bench.results.objects


def test_a_worker_that_lost_the_job_pays_for_no_further_call() -> None:
    bench = Bench(tool_answer({}), tool_answer(GOOD))
    frequent = replace(POLICY, lease=replace(POLICY.lease, beats_per_lease=3_000))  # a beat every 10 ms
    bench.process = replace(bench.process, policy=frequent)

    def meanwhile() -> None:
        """The caller cancels, and the heartbeat, which ends when it notices, has noticed."""
        bench.store.cancel(bench.id, "a")
        for thread in threading.enumerate():
            if thread.name == "heartbeat":
                thread.join(5)

    bench.model.during = meanwhile
    bench.run()
    assert bench.status is JobStatus.CANCELLED
    assert len(bench.model.script) == 1
    assert bench.queue.sent == []


@pytest.mark.parametrize(
    ("why", "seconds", "delays"),
    [
        (DenialReason.NO_SLOT, 5.0, (5, 10)),
        (DenialReason.MODEL_DOWN, 40.0, (40, 80)),
        (DenialReason.DAILY_LIMIT, 600.0, (600, 900)),
    ],
)
@pytest.mark.parametrize("random", [0.0, 1.0])
def test_a_call_that_may_not_be_made_now_waits_and_costs_nothing(
    why: DenialReason, seconds: float, delays: tuple[int, int], random: float
) -> None:
    bench = Bench(tool_answer(GOOD))
    bench.process = bench.worker(random=random)
    bench.store.ledger.not_begun = CallDenied(why, seconds)
    delay = delays[int(random)]
    for _ in range(5):  # more often than a job may be attempted
        bench.run()
        assert bench.queue.sent.pop() == (bench.id, min(delay, 900))
        bench.clock.forward(delay)
    assert bench.model.requests == []
    bench.store.ledger.not_begun = None
    bench.run()
    assert bench.status is JobStatus.SUCCEEDED


def test_a_call_is_written_down_before_it_is_made_and_settled_after() -> None:
    bench = Bench(THROTTLED, tool_answer(GOOD))
    open_calls: list[int] = []
    calls = bench.store.ledger.calls
    bench.model.during = lambda: open_calls.append(sum(known.end is None for known in calls.values()))
    bench.run()
    bench.clock.forward(900)
    bench.run()
    assert open_calls == [1, 1]
    throttled, answered = calls.values()
    assert throttled.end == CallOutcome("ThrottlingException", Usage(), Decimal(0), healthy=False)
    assert answered.end is not None
    assert (answered.end.outcome, answered.end.usage, answered.end.healthy) == ("answered", Usage(100, 20), True)
    assert answered.end.cost_usd is not None
    assert answered.call.max_cost_usd > answered.end.cost_usd
    assert answered.call.owner == CallOwner("job", bench.id, "a", 2)


def test_an_answer_is_not_lost_because_its_call_cannot_be_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tool_answer(GOOD))
    monkeypatch.setattr(bench.store.ledger, "end", raising(Unavailable("database")))
    bench.run()
    assert bench.status is JobStatus.SUCCEEDED
    assert bench.store.ledger.spent_today("a").stage > 0


def test_an_answer_is_not_lost_because_the_database_is_away_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tool_answer(GOOD))
    succeed = bench.store.succeed
    answers = iter([raising(Unavailable("database"))] * 3 + [succeed])
    monkeypatch.setattr(bench.store, "succeed", lambda *given: next(answers)(*given))
    bench.run()
    assert bench.status is JobStatus.SUCCEEDED
    assert len(bench.model.requests) == 1


def test_a_database_that_stays_away_puts_the_job_off(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tool_answer(GOOD))
    monkeypatch.setattr(bench.store, "succeed", raising(Unavailable("database")))
    bench.run()
    assert bench.queue.sent == [(bench.id, 2 * POLICY.lease.lease_s)]


def test_a_configuration_that_cannot_be_read_fails_no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    monkeypatch.setattr(FixedConfiguration, "current", raising(ConfigurationError("the value of x is wrong")))
    bench.run()
    assert (bench.status, bench.queue.sent) == (JobStatus.QUEUED, [(bench.id, 2 * POLICY.lease.lease_s)])


def test_an_unknown_fault_spends_attempts_and_the_job_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(*[tool_answer(GOOD)] * POLICY.attempts.attempts)
    monkeypatch.setattr(FakeResults, "put", raising(KeyError("secret of the document")))
    for _ in range(POLICY.attempts.attempts):
        bench.run()
        bench.clock.forward(900)
    view = bench.store.get(bench.id, "a")
    assert view is not None
    assert view.failure is not None
    assert (view.failure.code, view.attempts) == (FailureCode.INTERNAL_ERROR, POLICY.attempts.attempts)
    assert "KeyError" in view.failure.message
    assert "secret" not in view.failure.message


def test_every_message_of_a_job_is_in_its_tenants_group() -> None:
    bench = Bench(THROTTLED)
    bench.run()  # throttled
    bench.run()  # not due yet
    assert bench.queue.groups == [JobMessage.of(bench.id, "a").group] * 2
    assert JobMessage.of(bench.id, "b").group != bench.queue.groups[0]


def test_having_waited_for_a_slot_does_not_make_a_throttle_longer() -> None:
    bench = Bench(THROTTLED)
    bench.store.ledger.not_begun = CallDenied(DenialReason.NO_SLOT, 5.0)
    for _ in range(9):
        bench.run()
        bench.clock.forward(900)
    bench.store.ledger.not_begun = None
    bench.run()
    assert bench.queue.sent[-1] == (bench.id, 2)
