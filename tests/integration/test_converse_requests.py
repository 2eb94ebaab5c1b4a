"""The pipeline's Converse requests, validated by the emulator against the service model of Bedrock."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
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
from pipeline.jobs.services.analysis_run import AnalysisRun
from pipeline.jobs.services.first_request import first_request
from pipeline.models.bedrock import BedrockChatModel
from pipeline.models.calls import CallOwner
from pipeline.models.catalogue import Model, shipped_catalogue
from pipeline.models.converse import converse_request
from pipeline.models.ledgered_chat import LedgeredChat
from pipeline.models.stage_config import Limits, StageConfig

from tests.support.fakes import FakeClock, InMemoryCallLedger
from tests.support.policy import POLICY

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
def bedrock(emulator: RunningEmulator) -> BedrockChatModel:
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=emulator.url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    return BedrockChatModel(lambda: client, POLICY.model)


@dataclass
class Attempt:
    """An attempt of a job, without a job store."""

    chat: LedgeredChat
    job: ClaimedJob

    def result(self) -> object:
        run = AnalysisRun(self.chat, self.job, lambda: True, max_answers=POLICY.model.answers_per_attempt)
        return run.result(analyses.load()[self.job.analysis])


def attempt(
    bedrock: BedrockChatModel, name: str, model: str, ledger: InMemoryCallLedger | None = None, **llm: Any
) -> Attempt:
    stage = StageConfig.model_validate({"llm": llm})
    config = resolve_job_config(stage, stage.catalogue.find(model), analyses.load()[name], RequestedParameters(), {})
    job = ClaimedJob(uuid4(), "a", 1, 0, name, DOCUMENTS[name], FakeClock()(), json.loads(config.as_json()))
    owner = CallOwner("job", job.id, "a", 1)
    chat = LedgeredChat(bedrock, ledger or InMemoryCallLedger(FakeClock()), Limits(), owner, slot_margin_s=15)
    return Attempt(chat, job)


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("model", CURRENT)
def test_every_analysis_is_answered_by_every_model(bedrock: BedrockChatModel, name: str, model: str) -> None:
    made = attempt(bedrock, name, model)
    made.result()
    assert made.chat.answers == 1
    assert made.chat.cost_usd > 0


@pytest.mark.parametrize(
    "llm",
    [
        {"guardrail": {"identifier": "gr1", "version": "1"}},
        {"service_tier": "flex"},
        {"service_tier": "priority", "prompt_caching": False},
    ],
    ids=str,
)
def test_guardrail_tier_and_caching_are_accepted(bedrock: BedrockChatModel, llm: dict[str, Any]) -> None:
    for model in CURRENT:
        attempt(bedrock, "summary", model, **llm).result()


def test_a_guardrail_evaluates_only_the_document(bedrock: BedrockChatModel) -> None:
    job = attempt(bedrock, "summary", "haiku", guardrail={"identifier": "gr1", "version": "1"}).job
    analysis = analyses.load()["summary"]
    prompt = analysis.prompt(analysis.input_model.model_validate(DOCUMENTS["summary"]), None)  # type: ignore[arg-type]
    request = converse_request(first_request(JobConfig.model_validate(job.config), prompt, analysis, {}))
    assert request["guardrailConfig"] == {"guardrailIdentifier": "gr1", "guardrailVersion": "1"}
    (block,) = request["messages"][0]["content"]
    assert "boiler" in block["guardContent"]["text"]["text"]


def test_a_cached_prompt_is_read_and_billed_at_the_cache_rate(bedrock: BedrockChatModel) -> None:
    ledger = InMemoryCallLedger(FakeClock())
    plain, wrote, read = (attempt(bedrock, "complaint-triage", "sonnet", ledger) for _ in range(3))
    for made in (plain, wrote, read):
        made.result()
    assert plain.chat.usage.cache_write_tokens == plain.chat.usage.cache_read_tokens == 0
    assert wrote.chat.usage.cache_write_tokens == read.chat.usage.cache_read_tokens > 2_500
    assert read.chat.cost_usd < plain.chat.cost_usd * Decimal("0.5") < wrote.chat.cost_usd


@pytest.mark.parametrize("model", CURRENT)
def test_no_call_that_marks_its_prefix_is_refused(bedrock: BedrockChatModel, model: str) -> None:
    ledger = InMemoryCallLedger(FakeClock())
    attempts = [attempt(bedrock, "complaint-triage", model, ledger) for _ in range(3)]
    for made in attempts:
        made.result()
    cached = attempts[-1].chat.usage.cache_read_tokens
    assert (cached > 0) is (model != shipped_catalogue().aliases["haiku"])  # it demands 4,096 tokens


def test_a_correction_is_a_valid_request(emulator: RunningEmulator, bedrock: BedrockChatModel) -> None:
    for defect in ({"invalid_json": "missing"}, {"not_a_tool": True}):
        emulator.put_plan({"rules": [{"times": 2, "fault": defect}]})
        made = attempt(bedrock, "summary", "haiku")
        made.result()
        assert made.chat.answers == 3
    emulator.reset()


@pytest.mark.parametrize("model", shipped_catalogue().models, ids=lambda model: model.id)
def test_the_emulator_and_the_catalogue_agree(model: Model) -> None:
    if model.lifecycle.state == "end_of_life":
        with pytest.raises(ServiceError, match="end of its life"):
            find_model(model.id)
        return
    rules = find_model(model.id).rules
    sampling = {"none": "none", "temperature_or_top_p": "one", "temperature_and_top_p": "both"}
    assert rules.sampling == sampling[model.inference_parameters]
    assert rules.forced_tools is (model.tool_choice == "tool")
    assert rules.context_tokens == model.context_tokens
    assert rules.cache_minimum == model.prompt_cache_minimum_tokens
