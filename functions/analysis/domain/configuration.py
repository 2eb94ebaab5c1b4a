"""A stage's configuration, and the part of it that a job is pinned to when it is accepted."""

import hashlib
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from analysis.domain.analysis import AnyAnalysis, Closed, ModelSettings
from analysis.domain.models import Model, ModelCatalogue, shipped_catalogue


class Guardrail(Closed):
    """A Bedrock guardrail. It judges the caller's document and text answers, not what a tool call carries."""

    identifier: str = Field(
        pattern=r"^([a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+)$"
    )
    version: str = Field(pattern=r"^([1-9][0-9]{0,7}|DRAFT)$")


class LlmDefaults(Closed):
    """What a model call gets unless the analysis or the request says otherwise."""

    model: str | None = None
    """Alias or id; ``None``: the list's own default."""
    temperature: float = Field(0.1, ge=0, le=1)
    top_p: float = Field(0.9, ge=0, le=1)
    max_tokens: int = Field(4000, ge=1)
    guardrail: Guardrail | None = None
    service_tier: Literal["default", "flex", "priority", "reserved"] | None = None
    prompt_caching: bool = False


class Limits(Closed):
    """How much the stage asks of the models; ``None``: as much as comes."""

    concurrent_model_calls: int | None = Field(None, ge=1, le=1000)
    """Of all workers together, whatever becomes of them."""
    daily_usd: Decimal | None = Field(None, ge=0)
    """For the whole stage, from midnight to midnight UTC."""
    daily_usd_per_tenant: Decimal | None = Field(None, ge=0)
    waiting_jobs_per_tenant: int | None = Field(None, ge=1)
    """More are refused: the queue and the database are everybody's."""
    over_limit: Literal["refuse", "wait"] = "refuse"
    """What becomes of a request once the money for the day is spent: a 429, or a job that waits for the next day. A job
    that was accepted before waits in any case."""


class StageConfig(Closed):
    """The value of the Parameter Store parameter ``/{project}/{stage}/config``."""

    llm: LlmDefaults = LlmDefaults()
    limits: Limits = Limits()
    aliases: dict[str, str] = Field(default_factory=dict)
    models: tuple[Model, ...] = ()

    @property
    def default_model(self) -> str:
        """The model of a request, and an analysis, that names none."""
        return self.llm.model or self.catalogue.default

    @cached_property
    def catalogue(self) -> ModelCatalogue:
        """The shipped list of models with this stage's changes."""
        return shipped_catalogue().overridden(self.aliases, self.models)


class RequestedParameters(Closed):
    """The ``parameters`` of a request: each is optional."""

    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)
    max_tokens: int | None = Field(None, ge=1)


class JobConfig(Closed):
    """Everything a job's outcome depends on besides its input and this code; stored with the job."""

    model: Model
    inference: dict[str, float | int]
    """Converse's ``inferenceConfig``."""
    guardrail: Guardrail | None
    service_tier: str | None
    prompt_caching: bool
    rules: dict[str, Any]
    """The business rules of the job's analysis."""

    def as_json(self) -> str:
        """The text that is stored, and that the fingerprint is taken of."""
        return self.model_dump_json(by_alias=True)

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the configuration: 32 bytes."""
        return hashlib.sha256(self.as_json().encode()).digest()


class ParameterRefused(ValueError):
    """A caller's parameter that the model does not take."""

    def __init__(self, parameter: str, why: str) -> None:
        super().__init__(why)
        self.parameter = parameter
        self.why = why


def pin(
    stage: StageConfig,
    model: Model,
    analysis: AnyAnalysis,
    requested: RequestedParameters,
    rules: dict[str, Any],
) -> JobConfig:
    """The configuration of one job.

    A default that the model refuses is left out in silence; what a caller asked for is not: raises ParameterRefused.
    """
    return JobConfig(
        model=model,
        inference=_inference(stage.llm, model, analysis.settings, requested),
        guardrail=stage.llm.guardrail,
        service_tier=stage.llm.service_tier,
        prompt_caching=stage.llm.prompt_caching and model.prompt_cache_minimum_tokens is not None,
        rules=analysis.rules_model.model_validate(rules).model_dump(mode="json"),
    )


def _inference(
    llm: LlmDefaults, model: Model, settings: ModelSettings, requested: RequestedParameters
) -> dict[str, float | int]:
    if requested.max_tokens is not None and requested.max_tokens > model.max_output_tokens:
        raise ParameterRefused("max_tokens", f"{model.name} answers with at most {model.max_output_tokens} tokens")
    max_tokens = requested.max_tokens or settings.max_tokens or llm.max_tokens
    inference: dict[str, float | int] = {"maxTokens": min(max_tokens, model.max_output_tokens)}
    default_temperature = llm.temperature if settings.temperature is None else settings.temperature
    match model.inference_parameters:
        case "none":
            for parameter in ("temperature", "top_p"):
                if getattr(requested, parameter) is not None:
                    raise ParameterRefused(parameter, f"{model.name} takes no {parameter}")
        case "temperature_or_top_p":
            if requested.temperature is not None and requested.top_p is not None:
                raise ParameterRefused("top_p", f"{model.name} takes temperature or top_p, not both")
            if requested.top_p is not None:
                inference["topP"] = requested.top_p
            else:
                inference["temperature"] = _first(requested.temperature, default_temperature)
        case "temperature_and_top_p":
            inference["temperature"] = _first(requested.temperature, default_temperature)
            inference["topP"] = _first(requested.top_p, llm.top_p)
    return inference


def _first(asked: float | None, default: float) -> float:
    return default if asked is None else asked
