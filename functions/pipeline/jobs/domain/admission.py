"""The limits within which a new job is admitted."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Admission:
    """Limits that the store checks in the statement that records a job; ``None``: no limit."""

    max_queued: int | None = None
    """Queued jobs of the tenant."""
    max_cost_usd: Decimal = Decimal(0)
    """Upper bound of the cost of the job's first call, which must fit the daily limits."""
    daily_usd_per_tenant: Decimal | None = None
    daily_usd: Decimal | None = None


UNLIMITED = Admission()
