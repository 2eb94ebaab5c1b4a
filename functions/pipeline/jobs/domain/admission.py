"""The limits within which a new job is admitted."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class DailyLimit(StrEnum):
    """A limit that is reset at midnight UTC."""

    USD = "usd"
    """The tenant's or the stage's spending."""
    JOBS = "jobs"
    """Jobs that the tenant submitted, whatever became of them."""
    BYTES = "bytes"
    """Bytes of the documents and metadata that the tenant submitted."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Limits that the store checks in the statement that records a job; ``None``: no limit."""

    max_queued: int | None = None
    """Queued jobs of the tenant."""
    max_jobs_per_day: int | None = None
    """Of the tenant. Cancelled jobs count."""
    max_bytes_per_day: int | None = None
    """Of the tenant's documents and metadata, as they are stored. Those of cancelled jobs count."""
    max_cost_usd: Decimal = Decimal(0)
    """Upper bound of the cost of the job's first call. With it, the day's spending and the cost of the queued jobs must
    stay within the daily limits."""
    daily_usd_per_tenant: Decimal | None = None
    daily_usd: Decimal | None = None


UNLIMITED = Admission()
