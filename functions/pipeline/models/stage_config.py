"""A stage's configuration: the models, their defaults and the limits on their use."""

from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from pipeline.models.catalogue import Model, ModelCatalogue, shipped_catalogue
from pipeline.platform.strict_model import StrictModel


class Guardrail(StrictModel):
    """A Bedrock guardrail. It judges the caller's document and text answers, not what a tool call carries."""

    identifier: str = Field(
        pattern=r"^([a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+)$"
    )
    version: str = Field(pattern=r"^([1-9][0-9]{0,7}|DRAFT)$")


class LlmDefaults(StrictModel):
    """The settings of a model call unless the analysis or the request overrides them."""

    model: str | None = None
    """Alias or id; ``None``: the catalogue's default."""
    temperature: float = Field(0.1, ge=0, le=1)
    top_p: float = Field(0.9, ge=0, le=1)
    max_tokens: int = Field(4000, ge=1)
    guardrail: Guardrail | None = None
    service_tier: Literal["default", "flex", "priority", "reserved"] | None = None
    prompt_caching: bool = True
    """Where it pays, by the rule in ``models.prompt_cache``; ``False``: never."""


class Limits(StrictModel):
    """The limits on a stage's use of models; ``None``: no limit."""

    max_tokens: int | None = Field(6000, ge=1)
    """The largest ``max_tokens`` of a call: it is reserved, so a few calls of 128,000 would use up the day's money. A
    Sonnet-class model writes 6,000 tokens in the 120 s that a call may take (2026-11)."""
    concurrent_model_calls: int | None = Field(None, ge=1, le=1000)
    """Across all workers. The slot of a dead worker becomes free once its call has certainly ended."""
    daily_usd: Decimal | None = Field(None, ge=0)
    """For the whole stage, from midnight to midnight UTC."""
    daily_usd_per_tenant: Decimal | None = Field(None, ge=0)
    queued_jobs_per_tenant: int | None = Field(None, ge=1)
    """Further requests are refused: all tenants share the queue and the database."""
    daily_jobs_per_tenant: int | None = Field(None, ge=1)
    """Submitted from midnight to midnight UTC. Cancelling a job gives nothing back."""
    daily_input_bytes_per_tenant: int | None = Field(None, ge=1)
    """Of their documents and metadata, which the database keeps until their retention ends."""
    over_limit: Literal["refuse", "wait"] = "refuse"
    """The answer to a request over the daily limit: a 429, or a job that waits for the next day. Jobs accepted before
    wait in any case."""


class StageConfig(StrictModel):
    """The value of the Parameter Store parameter ``/{project}/{stage}/config``."""

    llm: LlmDefaults = LlmDefaults()
    limits: Limits = Limits()
    aliases: dict[str, str] = Field(default_factory=dict)
    models: tuple[Model, ...] = ()

    @model_validator(mode="after")
    def _default_within_limit(self) -> Self:
        if self.limits.max_tokens is not None and self.llm.max_tokens > self.limits.max_tokens:
            raise ValueError(f"llm.max_tokens is over limits.max_tokens, {self.limits.max_tokens}")
        return self

    @property
    def default_model(self) -> str:
        """The model of a request that names none, for an analysis that prefers none."""
        return self.llm.model or self.catalogue.default

    @cached_property
    def catalogue(self) -> ModelCatalogue:
        """The shipped list of models with this stage's changes."""
        return shipped_catalogue().overridden(self.aliases, self.models)


class ConfigAndRules(NamedTuple):
    """A stage's two parameters, read together."""

    config: StageConfig
    rules: dict[str, Any]
    """The business rules, by analysis."""
