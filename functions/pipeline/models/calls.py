"""A call of a model: the conditions under which it is made, and its record in the ledger."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pipeline.models.chat import ChatRequest
from pipeline.models.converse import max_prompt_tokens
from pipeline.models.prices import Usage
from pipeline.models.prompt_cache import PromptPrefix

Purpose = Literal["job", "sync_run", "chat_turn"]


@dataclass(frozen=True, slots=True)
class CallOwner:
    """The piece of work that a call is made and billed for."""

    purpose: Purpose
    id: UUID
    tenant_id: str
    attempt: int | None = None
    """The attempt of a job; ``None`` where the purpose has no attempts."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call that is about to be made."""

    id: UUID
    owner: CallOwner
    model_id: str
    max_cost_usd: Decimal
    """Upper bound of its cost, which the ledger reserves: see ``max_cost_usd``."""
    slot_s: float
    """Seconds for which it holds its slot if its worker cannot report its end: by then it has certainly ended."""
    prefix: PromptPrefix | None = None
    """The beginning of its prompt, if the ledger is to decide whether the call marks it for the prompt cache."""


@dataclass(frozen=True, slots=True)
class CallBegun:
    """A call that may be made now. It is recorded, and its slot and its cost are reserved."""

    marks_prefix: bool = False
    """Whether the call marks its prefix: see ``models.prompt_cache``."""


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """The end of a call."""

    outcome: str
    """``answered``, or the reason why there is no answer."""
    usage: Usage
    cost_usd: Decimal | None
    """``None`` if it is unknown whether Bedrock bills the call: its reservation then stays spent."""
    healthy: bool | None
    """Evidence about the model's health; ``None`` for an error that is about the request."""


class DenialReason(StrEnum):
    """The limit that denies a call. The job waits, and its attempt does not count."""

    MODEL_DOWN = "model_down"
    """The model failed so often in a row that its circuit is open."""
    NO_SLOT = "no_slot"
    """The stage makes as many calls at once as its configuration allows."""
    DAILY_LIMIT = "daily_limit"
    """The tenant's or the stage's daily spending limit leaves too little for the call."""


@dataclass(frozen=True, slots=True)
class CallDenied:
    """A call that may not be made now, and the seconds after which to ask again."""

    reason: DenialReason
    retry_after_s: float


def max_cost_usd(request: ChatRequest) -> Decimal:
    """Upper bound of a call's cost in US dollars: the longest prompt that the text may be, and ``maxTokens`` of output.

    With prompt caching the whole prompt may be written to the cache, which costs more than reading it.
    """
    price, prompt, output = request.model.price, max_prompt_tokens(request), int(request.inference["maxTokens"])
    cost = price.of_call(Usage(input_tokens=prompt, output_tokens=output))
    if request.prompt_caching:
        cost = max(cost, price.of_call(Usage(cache_write_tokens=prompt, output_tokens=output)))
    return cost
