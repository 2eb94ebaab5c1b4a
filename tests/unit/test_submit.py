"""The ``SubmitJob`` use case on fakes: validation, idempotency, limits, and outages."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, Never
from uuid import UUID

import pytest
from pipeline.jobs.domain.admission import UNLIMITED, Admission
from pipeline.jobs.domain.job import NewJob, SubmittedJob
from pipeline.jobs.domain.request import AnalyzeRequest
from pipeline.jobs.errors import DailyLimitReached, KeyReused, TooManyQueued
from pipeline.jobs.services.submit_job import SubmitJob
from pipeline.models.stage_config import StageConfig
from pipeline.platform.errors import InvalidRequest, Unavailable

from tests.support.call_ledger_contract import begun
from tests.support.fakes import FakeClock, FakeQueue, FixedConfiguration, InMemoryJobStore
from tests.support.jobs import ANALYSES


class Harness:
    """``SubmitJob`` with fake dependencies."""

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


def refusal(harness: Harness, **changes: Any) -> str:
    with pytest.raises(InvalidRequest) as refused:
        harness(**changes)
    assert harness.store.rows == {}
    assert harness.queue.sent == []
    return refused.value.errors[0]["pointer"]


def test_an_accepted_job_is_recorded_and_enqueued_once() -> None:
    harness = Harness()
    job_id = harness()
    assert harness.queue.sent == [(job_id, 0)]
    assert harness.store.rows[job_id].enqueued_at is not None


def test_a_job_is_recorded_before_it_is_enqueued() -> None:
    harness = Harness()
    recorded: list[bool] = []
    harness.queue.before_send = lambda job_id: recorded.append(job_id in harness.store.rows)
    harness()
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
        ({"parameters": {"temperature": 0.5}}, "/parameters/temperature"),  # the default model accepts none
        ({"model": "haiku", "parameters": {"temperature": 0.5, "top_p": 0.5}}, "/parameters/top_p"),
        ({"model": "haiku", "parameters": {"max_tokens": 6_001}}, "/parameters/max_tokens"),
    ],
)
def test_the_error_names_the_invalid_field(changes: dict[str, Any], pointer: str) -> None:
    assert refusal(Harness(), **changes) == pointer


def test_the_error_for_an_ended_model_names_its_successor() -> None:
    with pytest.raises(InvalidRequest) as refused:
        Harness()(model="us.anthropic.claude-3-haiku-20240307-v1:0")
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
def test_a_model_gets_only_the_parameters_that_it_accepts(changes: dict[str, Any], inference: dict[str, float]) -> None:
    assert Harness().config(**changes).inference == inference


def test_the_stage_sets_the_default_model_aliases_and_parameters() -> None:
    harness = Harness(llm={"model": "fast", "temperature": 0.7}, aliases={"mine": "us.amazon.nova-pro-v1:0"})
    assert harness.config().model.id == "us.amazon.nova-micro-v1:0"
    assert harness.config().inference["temperature"] == 0.7
    assert harness.config(model="mine").model.id == "us.amazon.nova-pro-v1:0"


def test_a_repeated_key_and_request_returns_the_same_job() -> None:
    harness = Harness()
    first = harness("k", metadata={"a": 1, "b": 2})
    assert harness("k", metadata={"b": 2, "a": 1}) == first
    assert harness("k", metadata={"a": 1, "b": 2}, model=None, parameters={}) == first
    assert len(harness.queue.sent) == 1
    assert harness("k", tenant="b", metadata={"a": 1, "b": 2}) != first


def test_a_key_with_another_request_is_a_conflict() -> None:
    harness = Harness()
    first = harness("k")
    with pytest.raises(KeyReused):
        harness("k", input={"text": "other"})
    assert list(harness.store.rows) == [first]


def test_a_queue_outage_leaves_no_job() -> None:
    harness = Harness()
    harness.queue.down = True
    with pytest.raises(Unavailable):
        harness("k")
    assert harness.store.rows == {}
    harness.queue.down = False
    assert harness("k") in harness.store.rows


def test_two_concurrent_requests_with_one_key_enqueue_one_job() -> None:
    harness = Harness()

    def second(_job_id: UUID) -> None:
        harness.queue.before_send = lambda _id: None
        harness("k")

    harness.queue.before_send = second
    first = harness("k")
    assert list(harness.store.rows) == [first]
    assert {job_id for job_id, _delay in harness.queue.sent} == {first}


def test_a_request_is_unavailable_if_a_concurrent_one_withdrew_the_job() -> None:
    harness = Harness()

    def withdraw(job_id: UUID) -> None:
        harness.queue.before_send = lambda _id: None
        harness.store.withdraw(job_id, "a")

    harness.queue.before_send = withdraw
    with pytest.raises(Unavailable):
        harness("k")
    assert harness.store.rows == {}


def test_a_known_key_is_answered_without_the_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()
    first = harness("k")

    def unavailable(_self: FixedConfiguration) -> None:
        raise Unavailable("configuration")

    monkeypatch.setattr(FixedConfiguration, "current", unavailable)
    assert harness("k") == first
    with pytest.raises(Unavailable):
        harness("another")


def test_a_job_is_accepted_if_its_message_arrived_but_the_confirmation_was_lost() -> None:
    harness = Harness()

    def claim(job_id: UUID) -> None:
        harness.store.claim(job_id, 60)

    harness.queue.before_send = claim
    harness.queue.down = True
    assert harness("k") in harness.store.rows


def test_a_job_stays_enqueued_if_it_cannot_be_marked_as_enqueued(monkeypatch: pytest.MonkeyPatch) -> None:
    harness = Harness()

    def unavailable(*_: object) -> None:
        raise Unavailable("database")

    monkeypatch.setattr(InMemoryJobStore, "mark_enqueued", unavailable)
    job_id = harness("k")
    assert harness.queue.sent == [(job_id, 0)]


@pytest.mark.parametrize(
    "limits", [{"daily_usd_per_tenant": 2}, {"daily_usd": 2}, {"daily_usd": 9, "daily_usd_per_tenant": 2}]
)
def test_a_new_request_is_refused_once_the_daily_limit_is_spent(limits: dict[str, int]) -> None:
    harness = Harness(limits=limits)
    known = harness("key")
    for _ in range(2):
        begun(harness.store.ledger, usd="1")
    with pytest.raises(DailyLimitReached) as refused:
        harness()
    assert refused.value.seconds == 12 * 3600  # the fake clock starts at noon
    assert len(harness.store.rows) == len(harness.queue.sent) == 1
    assert harness("key") == known  # a job that was accepted is still found


def test_the_maximum_cost_of_a_request_must_fit_the_remaining_limit() -> None:
    harness = Harness(limits={"daily_usd": 0.02})  # haiku's price is 5 dollars per million output tokens
    harness(model="haiku", parameters={"max_tokens": 3_500})
    with pytest.raises(DailyLimitReached):
        harness(model="haiku", parameters={"max_tokens": 4_000})


@pytest.mark.parametrize(
    ("limit", "largest", "asked", "message"),
    [
        (None, None, 64_001, "Claude Haiku 4.5 answers with at most 64000 tokens"),
        (5_000, None, 5_001, "this stage allows at most 5000 tokens"),
        (5_000, 800, 801, "mood allows at most 800 tokens"),
    ],
)
def test_max_tokens_has_a_ceiling(limit: int | None, largest: int | None, asked: int, message: str) -> None:
    harness = Harness(limits={"max_tokens": limit})
    settings = replace(ANALYSES["mood"].settings, largest_max_tokens=largest)
    harness.submit = replace(harness.submit, analyses={"mood": replace(ANALYSES["mood"], settings=settings)})
    with pytest.raises(InvalidRequest) as refused:
        harness(model="haiku", parameters={"max_tokens": asked})
    assert message in refused.value.errors[0]["detail"]
    assert harness.config(model="haiku", parameters={"max_tokens": asked - 1}).inference["maxTokens"] == asked - 1


def test_the_published_limit_of_claude_5_itself_is_refused() -> None:
    harness = Harness(limits={"max_tokens": None})
    assert refusal(harness, model="sonnet", parameters={"max_tokens": 128_000}) == "/parameters/max_tokens"
    assert harness.config(model="sonnet", parameters={"max_tokens": 127_999}).inference["maxTokens"] == 127_999


@pytest.mark.parametrize("text", ["\u200b", "\u200b \ufeff\n", "\u3164\u2800", "\U000e0041\U000e0042"])
def test_a_document_without_a_visible_character_is_refused(text: str) -> None:
    harness = Harness()
    assert refusal(harness, input={"text": text}) == "/input/text"
    harness(input={"text": f"{text}a"})


def test_the_maximum_cost_includes_the_instructions_and_the_document() -> None:
    harness, costs = Harness(), []
    submit = harness.store.submit

    def submitted(job: NewJob, admission: Admission = UNLIMITED) -> SubmittedJob:
        costs.append(admission.max_cost_usd)
        return submit(job, admission)

    harness.store.submit = submitted  # type: ignore[method-assign]
    for text in ("x", "x" * 100):
        harness(model="haiku", input={"text": text}, parameters={"max_tokens": 1_000})
    output = Decimal("0.005")  # 5 dollars per million tokens
    assert costs[0] > output + Decimal("0.001")  # a dollar per million
    assert costs[1] - costs[0] == Decimal(99) / 1_000_000


def test_a_document_that_the_analysis_cannot_handle_is_accepted_and_reserves_nothing() -> None:
    def fail(*_: object) -> Never:
        raise ZeroDivisionError

    harness = Harness(limits={"daily_usd": 0.02})
    broken = replace(ANALYSES["mood"], prompt=fail)
    harness.submit = replace(harness.submit, analyses={"mood": broken})
    harness()


def test_the_limit_of_queued_jobs_applies_to_each_tenant_separately() -> None:
    harness = Harness(limits={"queued_jobs_per_tenant": 2})
    first, _ = harness("key"), harness()
    with pytest.raises(TooManyQueued):
        harness()
    assert harness("key") == first
    harness(tenant="b")
    harness.store.claim(first, 60)
    harness()


def test_the_spending_of_a_tenant_does_not_limit_other_tenants() -> None:
    harness = Harness(limits={"daily_usd_per_tenant": 2})
    begun(harness.store.ledger, usd="2")
    harness(tenant="b")


def test_a_request_over_the_limit_is_accepted_if_jobs_may_wait() -> None:
    harness = Harness(limits={"daily_usd": 0, "over_limit": "wait"})
    assert harness.queue.sent == [(harness(), 0)]
