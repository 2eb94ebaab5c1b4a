"""The requests that the pipeline makes, against the emulator, which holds them to the service's own model."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.model_rules import find_model
from bedrock_emulator.running import RunningEmulator, running_emulator
from pipeline import analyses
from pipeline.jobs.domain.job import ClaimedJob
from pipeline.jobs.domain.job_config import JobConfig, RequestedParameters, resolve_job_config
from pipeline.jobs.services.answer import Conversation, first_request
from pipeline.models.bedrock import BedrockConverse
from pipeline.models.catalogue import Model, shipped_catalogue
from pipeline.models.stage_config import Limits, StageConfig

from tests.support.fakes import FakeClock, InMemoryCallLedger

DOCUMENTS: dict[str, dict[str, Any]] = {
    "summary": {"text": "The boiler failed on Monday. A new valve is on order."},
    "complaint-triage": {"narrative": "A debt collector calls me at work although the debt is not mine. Please stop."},
    "gap-optimization": {
        "office": {"id": "nyc-1", "timezone": "America/New_York"},
        "gap": {"starts_at": "2026-12-01T09:00:00", "duration_minutes": 60},
        "patients": [{"id": "p-1", "procedure_minutes": 60}, {"id": "p-2", "procedure_minutes": 30}],
    },
}
CURRENT = [model.id for model in shipped_catalogue().models if model.lifecycle.state != "end_of_life"]


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with running_emulator() as running:
        yield running


@pytest.fixture(scope="module")
def bedrock(emulator: RunningEmulator) -> BedrockConverse:
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=emulator.url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    return BedrockConverse(lambda: client)


def conversation(bedrock: BedrockConverse, name: str, model: str, **llm: Any) -> Conversation:
    stage = StageConfig.model_validate({"llm": llm})
    config = resolve_job_config(stage, stage.catalogue.find(model), analyses.load()[name], RequestedParameters(), {})
    job = ClaimedJob(uuid4(), "a", 1, 0, name, DOCUMENTS[name], FakeClock()(), json.loads(config.as_json()))
    return Conversation(bedrock, InMemoryCallLedger(FakeClock()), Limits(), job, lambda: True)


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("model", CURRENT)
def test_every_analysis_is_answered_by_every_model(bedrock: BedrockConverse, name: str, model: str) -> None:
    talk = conversation(bedrock, name, model)
    talk.result_of(analyses.load()[name])
    assert talk.calls == 1
    assert talk.bill.cost_usd > 0


@pytest.mark.parametrize(
    "llm",
    [
        {"guardrail": {"identifier": "gr1", "version": "1"}},
        {"service_tier": "flex"},
        {"service_tier": "priority", "prompt_caching": True},
    ],
    ids=str,
)
def test_guardrail_tier_and_caching_are_taken(bedrock: BedrockConverse, llm: dict[str, Any]) -> None:
    for model in CURRENT:
        conversation(bedrock, "summary", model, **llm).result_of(analyses.load()["summary"])


def test_a_guardrail_is_given_the_document_alone(bedrock: BedrockConverse) -> None:
    talk = conversation(bedrock, "summary", "haiku", guardrail={"identifier": "gr1", "version": "1"})
    analysis = analyses.load()["summary"]
    prompt = analysis.prompt(analysis.input_model.model_validate(DOCUMENTS["summary"]), None)  # type: ignore[arg-type]
    request = first_request(talk._job, JobConfig.model_validate(talk._job.config), prompt, analysis)
    assert request["guardrailConfig"] == {"guardrailIdentifier": "gr1", "guardrailVersion": "1"}
    (block,) = request["messages"][0]["content"]
    assert "boiler" in block["guardContent"]["text"]["text"]


def test_a_cached_prompt_is_read_and_billed_at_its_own_rate(bedrock: BedrockConverse) -> None:
    first = conversation(bedrock, "complaint-triage", "sonnet", prompt_caching=True)
    second = conversation(bedrock, "complaint-triage", "sonnet", prompt_caching=True)
    for talk in (first, second):
        talk.result_of(analyses.load()["complaint-triage"])
    assert first.bill.usage.cache_write_tokens == second.bill.usage.cache_read_tokens > 1_000
    assert second.bill.cost_usd < first.bill.cost_usd


def test_a_correction_is_a_request_that_bedrock_takes(emulator: RunningEmulator, bedrock: BedrockConverse) -> None:
    for fault in ({"invalid_json": "missing"}, {"not_a_tool": True}):
        emulator.put_plan({"rules": [{"times": 2, "fault": fault}]})
        talk = conversation(bedrock, "summary", "haiku")
        talk.result_of(analyses.load()["summary"])
        assert talk.calls == 3
    emulator.reset()


@pytest.mark.parametrize("model", shipped_catalogue().models, ids=lambda model: model.id)
def test_the_emulator_and_the_list_of_models_agree(model: Model) -> None:
    if model.lifecycle.state == "end_of_life":
        with pytest.raises(ServiceError, match="end of its life"):
            find_model(model.id)
        return
    rules = find_model(model.id).rules
    sampling = {"none": "none", "temperature_or_top_p": "one", "temperature_and_top_p": "both"}
    assert rules.sampling == sampling[model.inference_parameters]
    assert rules.forced_tools is (model.tool_choice == "tool")
    assert rules.context_tokens == model.context_tokens
