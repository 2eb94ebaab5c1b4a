"""Failed jobs as operators see them, and the outcome of running one again."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pipeline.jobs.domain.failure import FailureCode

DEFAULT_LISTED = 50


@dataclass(frozen=True, slots=True)
class FailedJobFilter:
    """The failed jobs that an operator asks for; ``None`` leaves a condition out."""

    code: FailureCode | None = None
    analysis: str | None = None
    since: datetime | None = None
    """Failed at this time or later."""
    not_redriven: bool = False
    """Only jobs that have not been run again."""
    limit: int = DEFAULT_LISTED


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A failed job, without its document."""

    id: UUID
    tenant_id: str
    analysis: str
    model_id: str
    code: str
    message: str
    attempts: int
    created_at: datetime
    finished_at: datetime
    redriven_as: UUID | None


@dataclass(frozen=True, slots=True)
class RedriveRequest:
    """An operator's request to run a failed job again, as the audit keeps it."""

    requested_by: str
    reason: str
    request_id: str
    again: bool
    """Run the job even if it was redriven before."""


class RedriveOutcome(StrEnum):
    """The outcome of a redrive."""

    REDRIVEN = "redriven"
    ALREADY_REDRIVEN = "already_redriven"
    NOT_FAILED = "not_failed"
    NO_SUCH_JOB = "no_such_job"
    ERASED = "erased"
    """The document was erased."""


@dataclass(frozen=True, slots=True)
class Redriven:
    """The outcome and the new job, if one exists: of this redrive or of an earlier one."""

    outcome: RedriveOutcome
    job_id: UUID | None = None
    tenant_id: str = ""
