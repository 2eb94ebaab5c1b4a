"""The configuration that a job is pinned to when it is accepted."""

import hashlib
import json
from typing import Any

from pydantic import Field

from pipeline.definitions.analysis import AnyAnalysis
from pipeline.models.catalogue import Model
from pipeline.models.stage_config import Guardrail, StageConfig
from pipeline.platform.strict_model import StrictModel


class RequestedParameters(StrictModel):
    """The ``parameters`` of a request: each is optional."""

    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)
    max_tokens: int | None = Field(None, ge=1)


class JobConfig(StrictModel):
    """Everything a job's outcome depends on besides its input and this code; stored with the job."""

    model: Model
    inference: dict[str, float | int]
    """Converse's ``inferenceConfig``."""
    guardrail: Guardrail | None
    service_tier: str | None
    prompt_caching: bool
    """Whether calls may mark their prompt's prefix; each does so only where that pays."""
    rules: dict[str, Any]
    """The business rules of the job's analysis."""

    def as_json(self) -> str:
        """The text that is stored, and that the fingerprint is taken of."""
        return self.model_dump_json(by_alias=True)

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the configuration: 32 bytes."""
        return hashlib.sha256(self.as_json().encode()).digest()

    def rules_of(self, analysis: AnyAnalysis) -> Any:
        """The business rules as the analysis's model. Raises ValidationError if another release pinned them."""
        return analysis.rules_model.model_validate_json(json.dumps(self.rules))


class ParameterRefused(ValueError):
    """A caller's parameter that the model does not take."""

    def __init__(self, parameter: str, why: str) -> None:
        super().__init__(why)
        self.parameter = parameter
        self.why = why


def resolve_job_config(
    stage: StageConfig,
    model: Model,
    analysis: AnyAnalysis,
    requested: RequestedParameters,
    rules: dict[str, Any],
) -> JobConfig:
    """The configuration of one job.

    Omits a default that the model does not accept. Raises ParameterRefused for a caller's parameter that it does not
    accept.
    """
    return JobConfig(
        model=model,
        inference=_inference(stage, model, analysis, requested),
        guardrail=stage.llm.guardrail,
        service_tier=stage.llm.service_tier,
        prompt_caching=stage.llm.prompt_caching,
        rules=analysis.rules_model.model_validate(rules).model_dump(mode="json"),
    )


def _inference(
    stage: StageConfig, model: Model, analysis: AnyAnalysis, requested: RequestedParameters
) -> dict[str, float | int]:
    llm, settings = stage.llm, analysis.settings
    inference: dict[str, float | int] = {"maxTokens": _max_tokens(stage, model, analysis, requested.max_tokens)}
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


def _max_tokens(stage: StageConfig, model: Model, analysis: AnyAnalysis, asked: int | None) -> int:
    ceilings = {
        f"{model.name} answers with at most": model.max_output_tokens,
        "this stage allows at most": stage.limits.max_tokens,
        f"{analysis.name} allows at most": analysis.settings.largest_max_tokens,
    }
    lowest, whose = min((ceiling, whose) for whose, ceiling in ceilings.items() if ceiling is not None)
    if asked is not None and asked > lowest:
        raise ParameterRefused("max_tokens", f"{whose} {lowest} tokens")
    return min(asked or analysis.settings.max_tokens or stage.llm.max_tokens, lowest)


def _first(asked: float | None, default: float) -> float:
    return default if asked is None else asked
