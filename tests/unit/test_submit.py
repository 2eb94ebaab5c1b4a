"""Accepting a request: what is refused, what is recorded, and what is left behind when something is down."""

from typing import Any
from uuid import UUID

import pytest
from pipeline.jobs.domain.request import AnalyzeRequest
from pipeline.jobs.errors import KeyReused, LimitReached, TooManyQueued
from pipeline.jobs.services.submit_job import SubmitJob
from pipeline.models.stage_config import StageConfig
from pipeline.platform.errors import InvalidRequest, Unavailable

from tests.support.call_ledger_contract import begun
from tests.support.fakes import FakeClock, FakeQueue, FixedConfiguration, InMemoryJobStore
from tests.support.jobs import ANALYSES


class Bench:
    def __init__(self, **stage: Any) -> None:
        self.store = InMemoryJobStore(FakeClock())
        self.queue = FakeQueue()
        self.submit = SubmitJob(
            self.store,
            self.queue,
            FixedConfiguration(StageConfig.model_validate(stage)),
            ANALYSES,
        )

    def __call__(self, key: str | None = None, tenant: str = "a", **changes: Any) -> UUID:
        body = {"analysis": "mood", "input": {"text": "fine"}, **changes}
        return self.submit.run(AnalyzeRequest.model_validate(body), tenant, key).id

    def config(self, **changes: Any) -> Any:
        return self.store.rows[self(**changes)].job.config


def refusal(bench: Bench, **changes: Any) -> str:
    with pytest.raises(InvalidRequest) as refused:
        bench(**changes)
    assert bench.store.rows == {}
    assert bench.queue.sent == []
    return refused.value.errors[0]["pointer"]


def test_an_accepted_job_is_recorded_and_sent_once() -> None:
    bench = Bench()
    job_id = bench()
    assert bench.queue.sent == [(job_id, 0)]
    assert bench.store.rows[job_id].enqueued_at is not None


def test_the_job_is_recorded_before_it_is_sent() -> None:
    bench = Bench()
    recorded: list[bool] = []
    bench.queue.before_send = lambda job_id: recorded.append(job_id in bench.store.rows)
    bench()
    assert recorded == [True]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"analysis": "none"}, "/analysis"),
        ({"model": "gpt"}, "/model"),
        ({"model": "us.anthropic.claude-3-5-sonnet-20241022-v2:0"}, "/model"),
        ({"input": {}}, "/input/text"),
        ({"input": {"text": 1}}, "/input/text"),
        ({"input": {"text": "x" * 101}}, "/input/text"),
        ({"input": {"text": "x", "more": 1}}, "/input/more"),
        ({"parameters": {"temperature": 0.5}}, "/parameters/temperature"),  # the default model takes none
        ({"model": "haiku", "parameters": {"temperature": 0.5, "top_p": 0.5}}, "/parameters/top_p"),
        ({"model": "haiku", "parameters": {"max_tokens": 64_001}}, "/parameters/max_tokens"),
    ],
)
def test_a_field_at_fault_is_named(changes: dict[str, Any], pointer: str) -> None:
    assert refusal(Bench(), **changes) == pointer


def test_an_ended_model_is_answered_with_its_successor() -> None:
    with pytest.raises(InvalidRequest) as refused:
        Bench()(model="us.anthropic.claude-3-haiku-20240307-v1:0")
    assert "global.anthropic.claude-haiku-4-5" in refused.value.errors[0]["detail"]


@pytest.mark.parametrize(
    ("changes", "inference"),
    [
        ({}, {"maxTokens": 4000}),
        ({"model": "haiku"}, {"maxTokens": 4000, "temperature": 0.1}),
        ({"model": "haiku", "parameters": {"top_p": 0.5}}, {"maxTokens": 4000, "topP": 0.5}),
        ({"model": "haiku", "parameters": {"temperature": 0}}, {"maxTokens": 4000, "temperature": 0}),
        ({"model": "fast"}, {"maxTokens": 4000, "temperature": 0.1, "topP": 0.9}),
        ({"model": "fast", "parameters": {"max_tokens": 10}}, {"maxTokens": 10, "temperature": 0.1, "topP": 0.9}),
    ],
)
def test_a_model_gets_the_parameters_that_it_takes(changes: dict[str, Any], inference: dict[str, float]) -> None:
    assert Bench().config(**changes).inference == inference


def test_the_stage_chooses_model_and_defaults() -> None:
    bench = Bench(llm={"model": "fast", "temperature": 0.7}, aliases={"mine": "us.amazon.nova-pro-v1:0"})
    assert bench.config().model.id == "us.amazon.nova-micro-v1:0"
    assert bench.config().inference["temperature"] == 0.7
    assert bench.config(model="mine").model.id == "us.amazon.nova-pro-v1:0"


def test_one_key_and_request_is_one_job() -> None:
    bench = Bench()
    first = bench("k", metadata={"a": 1, "b": 2})
    assert bench("k", metadata={"b": 2, "a": 1}) == first
    assert bench("k", metadata={"a": 1, "b": 2}, model=None, parameters={}) == first
    assert len(bench.queue.sent) == 1
    assert bench("k", tenant="b", metadata={"a": 1, "b": 2}) != first


def test_one_key_with_another_request_is_a_conflict() -> None:
    bench = Bench()
    first = bench("k")
    with pytest.raises(KeyReused):
        bench("k", input={"text": "other"})
    assert list(bench.store.rows) == [first]


def test_a_queue_that_is_down_leaves_no_job() -> None:
    bench = Bench()
    bench.queue.down = True
    with pytest.raises(Unavailable):
        bench("k")
    assert bench.store.rows == {}
    bench.queue.down = False
    assert bench("k") in bench.store.rows


def test_two_requests_with_one_key_at_once_send_one_job() -> None:
    bench = Bench()

    def second(_job_id: UUID) -> None:
        bench.queue.before_send = lambda _id: None
        bench("k")

    bench.queue.before_send = second
    first = bench("k")
    assert list(bench.store.rows) == [first]
    assert {job_id for job_id, _delay in bench.queue.sent} == {first}


def test_a_request_whose_twin_withdrew_the_job_is_told_to_come_again() -> None:
    bench = Bench()

    def twin_fails(job_id: UUID) -> None:
        bench.queue.before_send = lambda _id: None
        bench.store.withdraw(job_id, "a")

    bench.queue.before_send = twin_fails
    with pytest.raises(Unavailable):
        bench("k")
    assert bench.store.rows == {}


def test_a_key_is_answered_whatever_the_configuration_has_become(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    first = bench("k")

    def away(_self: FixedConfiguration) -> None:
        raise Unavailable("configuration")

    monkeypatch.setattr(FixedConfiguration, "current", away)
    assert bench("k") == first
    with pytest.raises(Unavailable):
        bench("another")


def test_a_message_that_got_through_is_accepted_although_the_answer_was_lost() -> None:
    bench = Bench()

    def claimed_at_once(job_id: UUID) -> None:
        bench.store.claim(job_id, 60)

    bench.queue.before_send = claimed_at_once
    bench.queue.down = True
    assert bench("k") in bench.store.rows


def test_a_mark_that_is_lost_does_not_take_back_what_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()

    def away(*_: object) -> None:
        raise Unavailable("database")

    monkeypatch.setattr(InMemoryJobStore, "mark_enqueued", away)
    job_id = bench("k")
    assert bench.queue.sent == [(job_id, 0)]


@pytest.mark.parametrize(
    "limits", [{"daily_usd_per_tenant": 2}, {"daily_usd": 2}, {"daily_usd": 9, "daily_usd_per_tenant": 2}]
)
def test_once_the_days_money_is_spent_a_new_request_is_refused(limits: dict[str, int]) -> None:
    bench = Bench(limits=limits)
    known = bench("key")
    for _ in range(2):
        begun(bench.store.ledger, usd="1")
    with pytest.raises(LimitReached) as refused:
        bench()
    assert refused.value.seconds == 12 * 3600  # it is noon
    assert len(bench.store.rows) == len(bench.queue.sent) == 1
    assert bench("key") == known  # a job that was accepted is still found


def test_what_a_request_may_cost_must_fit_into_what_is_left() -> None:
    bench = Bench(limits={"daily_usd": 0.02})  # haiku answers for 5 dollars a million tokens
    bench(model="haiku", parameters={"max_tokens": 3_900})
    with pytest.raises(LimitReached):
        bench(model="haiku", parameters={"max_tokens": 4_000})


def test_a_tenant_may_have_so_many_jobs_waiting_and_takes_no_other_tenants_place() -> None:
    bench = Bench(limits={"waiting_jobs_per_tenant": 2})
    first, _ = bench("key"), bench()
    with pytest.raises(TooManyQueued):
        bench()
    assert bench("key") == first
    bench(tenant="b")
    bench.store.claim(first, 60)
    bench()


def test_one_tenants_spending_refuses_no_other() -> None:
    bench = Bench(limits={"daily_usd_per_tenant": 2})
    begun(bench.store.ledger, usd="2")
    bench(tenant="b")


def test_where_jobs_wait_for_the_next_day_they_are_accepted() -> None:
    bench = Bench(limits={"daily_usd": 0, "over_limit": "wait"})
    assert bench.queue.sent == [(bench(), 0)]
