"""A call of a model: what must hold before it is made, and what is written down of it."""

import json
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pipeline.models.prices import Price, Usage

BYTES_PER_TOKEN = 3
"""Of a request's UTF-8: English has about four to a token, and what is reserved should rather be too much. The estimate
lasts only until the answer comes, with Bedrock's own count."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call that is about to be made."""

    id: UUID
    job_id: UUID
    attempt: int
    tenant_id: str
    model_id: str
    reserved_usd: Decimal
    """What it may cost at most, about: see ``max_cost_usd``."""
    longest: float
    """Seconds after which it has surely ended, also when its worker cannot say so."""


@dataclass(frozen=True, slots=True)
class CallOutcome:
    """How a call ended."""

    outcome: str
    """``answered``, or why there is no answer."""
    usage: Usage
    cost_usd: Decimal | None
    """``None``: nobody knows whether Bedrock has billed it, so what was reserved stays spent."""
    healthy: bool | None
    """What it says of the model. ``None``: nothing, the request was at fault."""


class DenialReason(StrEnum):
    """Why a call is not made now. No fault of the job: it waits, and its attempt does not count."""

    MODEL_DOWN = "model_down"
    """The model has failed so often in a row that it is left alone for a while."""
    NO_SLOT = "no_slot"
    """The stage makes as many calls at once as it may."""
    DAILY_LIMIT = "daily_limit"
    """The tenant's or the stage's money for the day is spent."""


@dataclass(frozen=True, slots=True)
class CallDenied:
    """A call that is not made now, and for how many seconds at least."""

    why: DenialReason
    seconds: float


@dataclass(frozen=True, slots=True)
class DailySpend:
    """US dollars, spent and reserved on the current UTC day."""

    tenant: Decimal
    stage: Decimal
    day_ends_in: float
    """Seconds."""


def max_cost_usd(said: object, max_tokens: float, price: Price) -> Decimal:
    """US dollars: the tokens of what is said, estimated, and as many in the answer as it may have."""
    prompt = len(json.dumps(said, ensure_ascii=False).encode()) // BYTES_PER_TOKEN + 1
    return price.of_call(Usage(input_tokens=prompt, output_tokens=int(max_tokens)))
