"""The job: its states, their transitions, and the types in which it is passed around."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from pipeline.jobs.domain.failure import Failure
from pipeline.jobs.domain.job_config import JobConfig
from pipeline.models.prices import Usage


class JobStatus(StrEnum):
    """The state of a job. ``TRANSITIONS`` lists how it changes."""

    QUEUED = "queued"
    """Accepted; a worker will claim it."""
    RUNNING = "running"
    """Claimed by a worker. If its lease has expired, another worker may claim it."""
    SUCCEEDED = "succeeded"
    """Final: the result is in S3 and in the status."""
    FAILED = "failed"
    """Final: the error holds the reason."""
    CANCELLED = "cancelled"
    """Final: the caller cancelled it."""

    @property
    def final(self) -> bool:
        return not any(source is self for source, _target in TRANSITIONS)


# fmt: off
TRANSITIONS: dict[tuple[JobStatus, JobStatus], str] = {
    (JobStatus.QUEUED, JobStatus.RUNNING): "a worker claims the job",
    (JobStatus.QUEUED, JobStatus.CANCELLED): "the caller cancels before a worker claims",
    (JobStatus.QUEUED, JobStatus.FAILED):
        "the job's message was delivered as often as the queue allows, and no worker could claim it",
    (JobStatus.RUNNING, JobStatus.RUNNING): "another worker claims after the lease expired (a new attempt)",
    (JobStatus.RUNNING, JobStatus.QUEUED): "the worker gives the job back: throttled, or an error that may pass",
    (JobStatus.RUNNING, JobStatus.SUCCEEDED): "the worker stored the result",
    (JobStatus.RUNNING, JobStatus.FAILED): "the job cannot be done, or its attempts are used up",
    (JobStatus.RUNNING, JobStatus.CANCELLED): "the caller cancels while a worker runs it",
}
# fmt: on
"""Every legal transition and its cause. ``database/schema.sql`` lists the same, and its trigger enforces them."""

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
    """A message on the job queue: the id of a job, and its tenant's message group."""

    job_id: UUID
    group: str | None
    """A hash of the tenant. SQS delivers the messages of a group with many after those of other groups (fair queues).
    ``None`` for a message that was sent by hand."""

    @classmethod
    def of(cls, job_id: UUID, tenant_id: str) -> "JobMessage":
        """The message for a tenant's job."""
        return cls(job_id, hashlib.sha256(tenant_id.encode()).hexdigest()[:32])


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """The job that a submit returns: the new one, or the one that already has its idempotency key."""

    id: UUID
    created_at: datetime
    request_fingerprint: bytes
    enqueued: bool


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job that a worker has claimed. ``attempt`` is the fence: only the running attempt can finish the job."""

    id: UUID
    tenant_id: str
    attempt: int
    deferrals: int
    analysis: str
    input: dict[str, Any]
    created_at: datetime
    config: dict[str, Any]
    """The pinned configuration as it was stored, perhaps by another release."""
    failed_calls: int = 0
    """Model calls without an answer, over all attempts."""
    paid_calls: int = 0
    """Model calls that Bedrock bills or may bill, over all earlier attempts."""

    @property
    def attempts_spent(self) -> int:
        """Attempts that count against the limit, this one included. A throttled attempt does not count."""
        return self.attempt - self.deferrals


@dataclass(frozen=True, slots=True)
class NotClaimed:
    """Why a job could not be claimed."""

    status: JobStatus | None
    """``None``: the job does not exist. A final status: it has ended. ``running``: another worker holds it. ``queued``:
    it is not due yet."""
    seconds_left: float = 0.0
    """Seconds until the other worker's lease expires, or the job is due."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """The result of a succeeded attempt: the key of its object, and the result itself if it is small."""

    key: str
    size: int
    """Bytes of the object in S3."""
    sha256: bytes
    """Of the object."""
    result_json: str | None
    """``None`` over ``INLINE_RESULT_BYTES``."""

    @classmethod
    def of(cls, key: str, content: bytes) -> "JobResult":
        """The result whose object has this content."""
        inline = content.decode() if len(content) <= INLINE_RESULT_BYTES else None
        return cls(key, len(content), hashlib.sha256(content).digest(), inline)


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
    result_sha256: bytes | None
    usage: Usage
    cost_usd: float
    failure: Failure | None
    metadata: dict[str, Any] = field(default_factory=dict)
    redrive_of: UUID | None = None
    """The failed job that this one runs again."""
    redriven_as: UUID | None = None
    """The latest job that an operator made of this one."""
    erased_at: datetime | None = None
    """When the content was erased: the document, metadata, result and the text of the error."""


class Cancellation(NamedTuple):
    """The outcome of a cancel: the job as it is now, without its result, and whether this call cancelled it."""

    job: JobView | None
    """``None``: the tenant has no such job."""
    cancelled: bool


def job_id_of(text: str) -> UUID | None:
    """The id in a caller's text, or ``None`` if it is malformed."""
    try:
        parsed = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.lower() else None  # UUID() also accepts braces, urn: and missing hyphens
