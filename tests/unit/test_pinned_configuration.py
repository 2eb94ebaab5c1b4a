"""The configuration that a submit pins: the choices of stage, analysis and caller, and their way to the model."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pipeline.definitions.analysis import Analysis, Context
from pipeline.jobs.domain.admission import Admission
from pipeline.jobs.domain.job import NewJob, SubmittedJob
from pipeline.jobs.domain.job_config import JobConfig
from pipeline.jobs.domain.request import AnalyzeRequest
from pipeline.jobs.services.first_request import first_request
from pipeline.jobs.services.submit_job import SubmitJob
from pipeline.models.catalogue import shipped_catalogue
from pipeline.models.converse import converse_request
from pipeline.models.prompt import ModelSettings, Prompt
from pipeline.models.stage_config import StageConfig
from pipeline.platform.errors import ConfigurationError, InvalidRequest, Unavailable
from pipeline.platform.strict_model import StrictModel

from tests.support.fakes import FakeClock, FakeQueue, FixedConfiguration, InMemoryJobStore
from tests.support.jobs import MOOD, Mood, Note
from tests.support.log_lines import LogLines
from tests.unit.test_run_job import raising


class Rules(StrictModel):
    """Business rules of a test."""

    longest: int = 5
    strict: bool = False


def judge(note: Note, context: Context[Rules]) -> Prompt:
    return Prompt(f"You judge notes of up to {context.rules.longest} words.", note.text)


RULED: Any = Analysis("mood", "Classifies.", Note, Mood, Mood, Rules, judge, lambda _n, mood, _c: mood, ModelSettings())


class Harness:
    """``SubmitJob`` of one analysis."""

    def __init__(self, analysis: Any = MOOD, rules: dict[str, Any] | None = None, **stage: Any) -> None:
        self.store = InMemoryJobStore(FakeClock())
        self.queue = FakeQueue()
        self.analysis = analysis
        configuration = FixedConfiguration(StageConfig.model_validate(stage), rules or {})
        self.submit = SubmitJob(self.store, self.queue, configuration, {"mood": analysis})

    def __call__(self, **changes: Any) -> UUID:
        body = {"analysis": "mood", "input": {"text": "fine"}, **changes}
        return self.submit.run(AnalyzeRequest.model_validate(body), "a", None).id

    def pinned(self, **changes: Any) -> JobConfig:
        return self.store.rows[self(**changes)].job.config

    def sent(self, **changes: Any) -> dict[str, Any]:
        """The job's first request, as Converse gets it."""
        config = self.pinned(**changes)
        context = Context(FakeClock()(), config.rules_of(self.analysis))
        prompt = self.analysis.prompt(Note(text="fine"), context)
        return converse_request(first_request(config, prompt, self.analysis, {"job_id": "1"}))


def preferring(**settings: Any) -> Any:
    return replace(MOOD, settings=ModelSettings(**settings))


def test_the_business_rules_of_the_analysis_are_pinned_and_reach_the_prompt() -> None:
    harness = Harness(RULED, {"mood": {"longest": 9}, "another": {"longest": 1}})
    assert harness.pinned().rules == {"longest": 9, "strict": False}
    assert harness.sent()["system"][0]["text"] == "You judge notes of up to 9 words."
    assert Harness(RULED).pinned().rules == {"longest": 5, "strict": False}


def test_business_rules_that_do_not_fit_are_an_error_of_the_configuration() -> None:
    with pytest.raises(ConfigurationError, match="business rules of mood"):
        Harness(RULED, {"mood": {"longest": "many"}})()


@pytest.mark.parametrize(
    ("settings", "requested", "model_id"),
    [
        ({}, {}, "us.amazon.nova-pro-v1:0"),
        ({"model": "haiku"}, {}, shipped_catalogue().find("haiku").id),
        ({"model": "haiku"}, {"model": "fast"}, "us.amazon.nova-micro-v1:0"),
    ],
    ids=["of the stage", "of the analysis", "of the request"],
)
def test_the_nearest_choice_of_a_model_is_used(settings: Any, requested: Any, model_id: str) -> None:
    harness = Harness(preferring(**settings), llm={"model": "us.amazon.nova-pro-v1:0"})
    assert harness.sent(**requested)["modelId"] == model_id


@pytest.mark.parametrize(
    ("settings", "parameters", "inference"),
    [
        ({}, {}, {"maxTokens": 3_000, "temperature": 0.4, "topP": 0.6}),
        ({"temperature": 0.0, "max_tokens": 700}, {}, {"maxTokens": 700, "temperature": 0.0, "topP": 0.6}),
        ({"temperature": 0.2}, {"temperature": 0.9, "top_p": 0.1, "max_tokens": 9},
         {"maxTokens": 9, "temperature": 0.9, "topP": 0.1}),
        ({"largest_max_tokens": 500}, {}, {"maxTokens": 500, "temperature": 0.4, "topP": 0.6}),
    ],
    ids=["of the stage", "of the analysis", "of the request", "limited by the analysis"],
)  # fmt: skip
def test_the_nearest_choice_of_a_parameter_is_sent(settings: Any, parameters: Any, inference: Any) -> None:
    harness = Harness(preferring(**settings), llm={"temperature": 0.4, "top_p": 0.6, "max_tokens": 3_000})
    assert harness.sent(model="fast", parameters=parameters)["inferenceConfig"] == inference


def test_a_model_that_takes_one_parameter_gets_the_preferred_temperature() -> None:
    harness = Harness(preferring(temperature=0.3))
    assert harness.sent(model="haiku")["inferenceConfig"]["temperature"] == 0.3


def test_the_request_has_the_instructions_the_document_the_tool_and_the_owner() -> None:
    sent = Harness().sent(model="haiku")
    assert sent["system"] == [{"text": "You judge notes."}]
    assert sent["messages"] == [{"role": "user", "content": [{"text": "fine"}]}]
    (tool,) = sent["toolConfig"]["tools"]
    assert (tool["toolSpec"]["name"], MOOD.description in tool["toolSpec"]["description"]) == ("record_result", True)
    assert sent["toolConfig"]["toolChoice"] == {"tool": {"name": "record_result"}}
    assert sent["requestMetadata"] == {"job_id": "1"}
    assert "guardrailConfig" not in sent
    assert "serviceTier" not in sent


def test_the_stages_guardrail_and_tier_are_pinned_and_sent() -> None:
    guardrail = {"identifier": "gr1", "version": "2"}
    sent = Harness(llm={"guardrail": guardrail, "service_tier": "flex"}).sent(model="haiku")
    assert sent["guardrailConfig"] == {"guardrailIdentifier": "gr1", "guardrailVersion": "2"}
    assert sent["messages"][0]["content"] == [{"guardContent": {"text": {"text": "fine"}}}]
    assert sent["serviceTier"] == {"type": "flex"}
    assert sent["system"][0] == {"text": "You judge notes."}


def test_a_models_own_request_fields_are_sent() -> None:
    fields = {"thinking": {"type": "disabled"}}
    haiku = shipped_catalogue().find("haiku").model_copy(update={"request_fields": fields})
    sent = Harness(models=[haiku.model_dump(mode="json", by_alias=True)]).sent(model="haiku")
    assert sent["additionalModelRequestFields"] == fields


@pytest.mark.parametrize("part", ["system", "user"])
def test_the_whole_prompt_counts_towards_the_maximum_cost_of_a_job(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    def cost(text: str) -> Decimal:
        prompt = replace(Prompt("You judge notes.", "fine"), **{part: text})
        harness, admitted = Harness(replace(MOOD, prompt=lambda *_: prompt), limits={"daily_usd": 9}), []
        submit = harness.store.submit

        def record(job: NewJob, admission: Admission) -> SubmittedJob:
            admitted.append(admission)
            return submit(job, admission)

        monkeypatch.setattr(harness.store, "submit", record)
        harness(model="haiku")
        return Decimal(admitted[0].max_cost_usd)

    assert cost("x" * 1_001) - cost("x") == Decimal("0.001")  # a dollar for a million tokens


def test_every_change_of_a_submitted_job_names_its_tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL refuses a change of the API's role that names no tenant."""
    harness = Harness()
    tenants: list[str | None] = []

    def change(_job_id: UUID, tenant_id: str | None = None) -> bool:
        tenants.append(tenant_id)
        return True

    for name in ("mark_enqueued", "withdraw"):
        monkeypatch.setattr(harness.store, name, change)
    harness()
    harness.queue.down = True
    with pytest.raises(Unavailable):
        harness()
    assert tenants == ["a", "a"]


def test_a_job_that_could_not_be_marked_as_enqueued_is_logged(
    monkeypatch: pytest.MonkeyPatch, logged: LogLines
) -> None:
    harness = Harness()
    monkeypatch.setattr(harness.store, "mark_enqueued", raising(Unavailable("database")))
    job_id = harness()
    fields = {"job_id": str(job_id), "error_type": "Unavailable"}
    assert logged.only("not marked as enqueued") == ("ERROR", fields)


def test_the_recorded_job_has_the_request_as_it_was_sent() -> None:
    class Longer(Note):
        language: str = "en"

    harness = Harness(replace(MOOD, input_model=Longer))
    job = harness.store.rows[harness(metadata={"ticket": 1})].job
    assert (job.tenant_id, job.idempotency_key, job.analysis) == ("a", None, "mood")
    assert (job.input, job.metadata) == ({"text": "fine"}, {"ticket": 1})  # a default may change in the next release


def test_a_fingerprint_is_of_the_content_and_not_of_its_notation() -> None:
    harness = Harness()
    requests: list[dict[str, Any]] = [{}, {"metadata": {}}, {"metadata": {"ö": 1}}]
    jobs = [harness.store.rows[harness(**changes)].job for changes in requests]
    plain, same, other = (job.request_fingerprint for job in jobs)
    assert plain == same != other
    assert len(plain) == 32


def test_a_refused_request_without_a_key_does_not_return_an_earlier_job() -> None:
    harness = Harness()
    harness()
    with pytest.raises(InvalidRequest):
        harness(model="gpt")


def test_a_document_is_recorded_in_the_types_of_json() -> None:
    class Dated(Note):
        day: date

    harness = Harness(replace(MOOD, input_model=Dated))
    job = harness.store.rows[harness(input={"text": "fine", "day": "2026-11-28"})].job
    assert job.input == {"text": "fine", "day": "2026-11-28"}


def test_the_models_that_a_refusal_lists_are_the_stages_aliases() -> None:
    harness = Harness(aliases={"mine": "us.amazon.nova-pro-v1:0"})
    with pytest.raises(InvalidRequest) as refused:
        harness(model="gpt")
    assert "fast, haiku, mine, powerful" in refused.value.errors[0]["detail"]


def test_a_stage_where_jobs_may_wait_admits_them_whatever_was_spent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = {"queued_jobs_per_tenant": 7, "daily_jobs_per_tenant": 8, "daily_input_bytes_per_tenant": 999}
    harness = Harness(limits={"over_limit": "wait", "daily_usd": 1, "daily_usd_per_tenant": 1, **limits})
    admitted, submit = [], harness.store.submit

    def record(job: NewJob, admission: Admission) -> SubmittedJob:
        admitted.append(admission)
        return submit(job, admission)

    monkeypatch.setattr(harness.store, "submit", record)
    harness()
    assert admitted == [Admission(max_queued=7, max_jobs_per_day=8, max_bytes_per_day=999)]
    assert admitted[0].max_cost_usd == Decimal(0)
