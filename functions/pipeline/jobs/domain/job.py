"""The job: its states, who moves it between them, and the shapes in which it is handed around."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from pipeline.jobs.domain.failure import Failure
from pipeline.jobs.domain.job_config import JobConfig
from pipeline.models.prices import Usage


class JobStatus(StrEnum):
    """Where a job stands. ``TRANSITIONS`` says how it moves."""

    QUEUED = "queued"
    """Accepted; a worker will claim it."""
    RUNNING = "running"
    """Claimed by a worker, whose lease has not run out (or nobody has noticed yet)."""
    SUCCEEDED = "succeeded"
    """Final: the result is in S3 and in the status."""
    FAILED = "failed"
    """Final: the error says why."""
    CANCELLED = "cancelled"
    """Final: the caller cancelled it."""

    @property
    def final(self) -> bool:
        return not any(source is self for source, _target in TRANSITIONS)


TRANSITIONS: dict[tuple[JobStatus, JobStatus], str] = {
    (JobStatus.QUEUED, JobStatus.RUNNING): "a worker claims the job",
    (JobStatus.QUEUED, JobStatus.CANCELLED): "the caller cancels before a worker claims",
    (
        JobStatus.QUEUED,
        JobStatus.FAILED,
    ): "the job's message was delivered again and again, and nobody could claim the job",
    (JobStatus.RUNNING, JobStatus.RUNNING): "another worker claims after the lease ran out (a new attempt)",
    (
        JobStatus.RUNNING,
        JobStatus.QUEUED,
    ): "the worker gives the job back: throttled, or a fault that may pass",
    (JobStatus.RUNNING, JobStatus.SUCCEEDED): "the worker stored the result",
    (JobStatus.RUNNING, JobStatus.FAILED): "the job cannot be done, or its attempts are used up",
    (JobStatus.RUNNING, JobStatus.CANCELLED): "the caller cancels while a worker runs it",
}
"""Every legal move and who makes it: the same list as in the migration that enforces it."""

INLINE_RESULT_BYTES = 100_000
"""A result up to this size is kept in the database too; a larger one is in S3 only."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A request that has passed every check, about to be recorded."""

    id: UUID
    tenant_id: str
    idempotency_key: str | None
    request_fingerprint: bytes
    analysis: str
    input: dict[str, Any]
    metadata: dict[str, Any]
    config: JobConfig


@dataclass(frozen=True, slots=True)
class JobMessage:
    """What waits on the queue for a worker: no more than which job it is, and whose."""

    job_id: UUID
    group: str | None
    """The tenant, disguised. SQS delivers the messages of a group that has many after those of the others (fair
    queues). ``None``: of a message that somebody sent by hand."""

    @classmethod
    def of(cls, job_id: UUID, tenant_id: str) -> "JobMessage":
        """The message for a tenant's job."""
        return cls(job_id, hashlib.sha256(tenant_id.encode()).hexdigest()[:32])


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """The job that a submit ended at: the new one, or the one that already has its idempotency key."""

    id: UUID
    created_at: datetime
    request_fingerprint: bytes
    enqueued: bool


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job in the hands of one worker; ``attempt`` is the fence that it must show to finish it."""

    id: UUID
    tenant_id: str
    attempt: int
    deferrals: int
    analysis: str
    input: dict[str, Any]
    accepted_at: datetime
    config: dict[str, Any]
    """The pinned configuration as it was stored, perhaps by another release."""
    failed_calls: int = 0
    """Calls of the model that had no answer, in all attempts."""

    @property
    def attempts_spent(self) -> int:
        """Attempts that count against the limit, this one included: being throttled costs none."""
        return self.attempt - self.deferrals


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """Why a job could not be claimed."""

    status: JobStatus | None
    """``None``: there is no such job. A final status: it is done. ``running``: another worker has it. ``queued``: it is
    not due yet."""
    seconds_left: float = 0.0
    """Until the other worker's lease runs out, or the job is due."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """What a succeeded attempt leaves: where the object is, and the document itself when it is small."""

    key: str
    size: int
    """Bytes of the object in S3."""
    document: str | None
    """The result as JSON text, or ``None`` over ``INLINE_RESULT_BYTES``."""


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as its caller may see it."""

    id: UUID
    status: JobStatus
    analysis: str
    model_id: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    result: dict[str, Any] | None
    result_key: str | None
    usage: Usage
    cost_usd: float
    failure: Failure | None
    metadata: dict[str, Any] = field(default_factory=dict)
    redrive_of: UUID | None = None
    """The failed job that this one runs again."""
    redriven_as: UUID | None = None
    """The last job that an operator made of this one."""


def job_id_of(text: str) -> UUID | None:
    """The id that a caller gave; ``None`` for what is none."""
    try:
        parsed = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.lower() else None  # UUID() also takes braces, urn: and no hyphens
