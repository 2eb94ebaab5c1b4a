"""Failed jobs as an operator sees them, and what running them again comes to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pipeline.jobs.domain.failure import FailureCode


@dataclass(frozen=True, slots=True)
class FailedJobFilter:
    """Which failed jobs an operator looks for; ``None`` leaves a condition out."""

    code: FailureCode | None = None
    analysis: str | None = None
    since: datetime | None = None
    """Failed at this time, or later."""
    waiting: bool = False
    """Only those that nobody has run again."""
    limit: int = 50


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
    """An operator's word that a job shall run again: what the audit keeps."""

    who: str
    because: str
    request_id: str
    again: bool
    """Although it was run again before."""


class RedriveOutcome(StrEnum):
    """What became of a job that should run again."""

    REDRIVEN = "redriven"
    ALREADY_REDRIVEN = "already_redriven"
    NOT_FAILED = "not_failed"
    NO_SUCH_JOB = "no_such_job"


@dataclass(frozen=True, slots=True)
class Redriven:
    """The outcome, and the new job where there is one, now or from before."""

    outcome: RedriveOutcome
    job_id: UUID | None = None
    tenant_id: str = ""
