"""The ports of jobs. Adapters implement them; tests have fakes of them.

Methods of stores and queues raise Unavailable if their dependency does not respond; ``Delivery.hide`` never raises.
"""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from pipeline.jobs.domain.admission import UNLIMITED, Admission
from pipeline.jobs.domain.dead_letter import DeadLetter, DeadLetterOutcome, DeadLetterRecord
from pipeline.jobs.domain.erasure import DueObjects, ErasureRequest, ErasureSelection
from pipeline.jobs.domain.failure import Failure
from pipeline.jobs.domain.job import (
    Cancellation,
    ClaimedJob,
    JobMessage,
    JobResult,
    JobView,
    NewJob,
    NotClaimed,
    SubmittedJob,
)
from pipeline.jobs.domain.listing import JobFilter, Page
from pipeline.jobs.domain.redrive import FailedJob, FailedJobFilter, Redriven, RedriveRequest


class JobStore(Protocol):
    """The record of all jobs. Every change is guarded: it happens only from the state that it expects."""

    def submit(self, job: NewJob, admission: Admission = UNLIMITED) -> SubmittedJob:
        """Record a new job within the limits, or return the one that already has its tenant's idempotency key.

        Raises TooManyQueued, QueueTooCostly and DailyLimitReached; then nothing was recorded.
        """

    def find_by_key(self, tenant_id: str, idempotency_key: str) -> SubmittedJob | None:
        """The job that has the tenant's key."""

    def mark_enqueued(self, job_id: UUID, tenant_id: str | None = None) -> bool:
        """Note that a job that is not final has a message on the queue. False: the job was withdrawn.

        A caller that sees the jobs of all tenants may leave the tenant out.
        """

    def withdraw(self, job_id: UUID, tenant_id: str) -> bool:
        """Remove a job that never reached the queue. False: it did reach the queue, and stays."""

    def get(self, job_id: UUID, tenant_id: str) -> JobView | None:
        """The tenant's job; ``None`` also for another tenant's."""

    def list_jobs(self, tenant_id: str, filter_: JobFilter) -> Page:
        """The tenant's jobs that match, newest first, without their results."""

    def cancel(self, job_id: UUID, tenant_id: str) -> Cancellation:
        """End the tenant's job if it is queued or running."""

    def erase(self, job_id: UUID, tenant_id: str) -> JobView | None:
        """Erase the content of the tenant's job if it has ended. Its objects in S3 are then due for deletion.

        Returns the job as it is now, without its result; ``None``: the tenant has no such job.
        """

    def claim(self, job_id: UUID, lease_seconds: int) -> ClaimedJob | NotClaimed:
        """Start an attempt: of a queued job that is due, or of a running one whose lease has expired."""

    def extend_lease(self, job_id: UUID, attempt: int, lease_seconds: int) -> bool:
        """Renew the lease. False: the attempt is no longer the running one."""

    def release(self, job_id: UUID, attempt: int, reason: str, *, deferred: bool, delay_seconds: int) -> bool:
        """Give the job back to the queue, due after the delay. False: the attempt was not the running one."""

    def succeed(self, job_id: UUID, attempt: int, result: JobResult) -> bool:
        """Finish the attempt with its result. False: too late, the attempt is not the running one."""

    def fail(self, job_id: UUID, attempt: int, failure: Failure) -> bool:
        """Finish the attempt with an error. False: too late, the attempt is not the running one."""

    def stranded(self, overdue_s: int, backlog_s: int, limit: int) -> list[JobMessage]:
        """Messages for jobs that may have none, oldest first: jobs overdue for longer than ``overdue_s``, or with a
        message sent longer than ``backlog_s`` ago. See ``services.sweep_jobs``."""

    def ping(self) -> None:
        """Respond."""


class DeadLetterStore(Protocol):
    """The record of dead letters."""

    def record(self, dead_letter: DeadLetter, deliveries: int, failure: Failure) -> DeadLetterOutcome:
        """Record the dead letter, and fail its job unless the job has ended or a worker holds it.

        A second time changes nothing, whatever has happened to the job since.
        """

    def list_records(self, since: datetime | None, limit: int) -> list[DeadLetterRecord]:
        """Recorded dead letters, newest first."""

    def count_by_outcome(self, since: datetime | None) -> dict[str, int]:
        """The number of recorded dead letters, by outcome."""


class FailedJobs(Protocol):
    """The failed jobs of all tenants, for operators."""

    def find(self, filter_: FailedJobFilter) -> list[FailedJob]:
        """The jobs that match, newest failure first."""

    def count_by_code(self, filter_: FailedJobFilter) -> dict[str, int]:
        """The number of jobs that match, whatever the filter's limit, by error code."""

    def redrive(self, job_id: UUID, new_id: UUID, request: RedriveRequest) -> Redriven:
        """Record a new job of the failed one's request, and the audit of it: both, or neither.

        The same new id a second time is the same redrive. A job is redriven once, unless the request asks for it again.
        """


class ErasureStore(Protocol):
    """Erasures in all tenants, for the retention and for operators.

    Erasing a job a second time changes nothing, and neither does erasing one that has not ended.
    """

    def erase_expired(self, retention_s: int, limit: int) -> list[UUID]:
        """Erase jobs that ended longer ago, the oldest first. Returns those that were erased."""

    def delete_expired_records(self, retention_s: int, limit: int) -> None:
        """Delete older dead letters, and older configurations that no job uses."""

    def objects_due(self, late_s: int, limit: int) -> list[DueObjects]:
        """Erased jobs whose objects are to be deleted now. A worker may store a result until ``late_s`` after the
        job's end."""

    def objects_deleted(self, due: DueObjects, late_s: int) -> None:
        """Note that the objects were deleted after ``objects_due`` listed them. They are due once more if it was not
        the last time."""

    def find(self, selection: ErasureSelection, limit: int) -> list[UUID]:
        """Jobs with content that match and have ended."""

    def count(self, selection: ErasureSelection) -> tuple[int, int]:
        """The number of matching jobs with content: of those that have ended, and of those that have not."""

    def erase(self, job_ids: list[UUID], selection: ErasureSelection, request: ErasureRequest) -> list[UUID]:
        """Erase those that have ended, and record who did and why. Returns those of them that are erased now."""


class JobQueue(Protocol):
    """The queue of messages, one for each job that waits for a worker."""

    def send(self, message: JobMessage, delay_seconds: int = 0) -> None:
        """Put the message on the queue; it appears after the delay (at most 900 s)."""

    def has_backlog(self) -> bool:
        """Whether messages wait for a worker, by the queue's own approximate count."""

    def ping(self) -> None:
        """Respond."""


class Delivery(Protocol):
    """One received message."""

    def hide(self, seconds: int) -> None:
        """Make the message visible again after that many seconds from now, unless it is deleted before."""


class ResultStore(Protocol):
    """The storage of results."""

    def put(self, job_id: UUID, attempt: int, content: bytes) -> str:
        """Store a result once and return its key; an existing object is never overwritten.

        Raises Unavailable, and ForeignObject if the key has another content.
        """

    def delete(self, job_id: UUID) -> None:
        """Delete every version of every object of the job. Raises Unavailable: some may be left."""

    def url(self, key: str) -> str:
        """A link that works for a short time without credentials. It is a secret and never logged."""
