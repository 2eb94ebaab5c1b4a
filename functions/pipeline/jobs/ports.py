"""What the services need of the outside world. Adapters implement these; tests have fakes of them.

Every method raises Unavailable when what is behind it does not answer.
"""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from pipeline.jobs.domain.dead_letter import DeadLetter, DeadLetterOutcome, DeadLetterRecord
from pipeline.jobs.domain.failure import Failure
from pipeline.jobs.domain.job import ClaimedJob, JobMessage, JobResult, JobView, NewJob, NotClaimed, SubmittedJob
from pipeline.jobs.domain.listing import JobFilter, Page
from pipeline.jobs.domain.redrive import FailedJob, FailedJobFilter, Redriven, RedriveRequest


class JobStore(Protocol):
    """The record of all jobs. Every change is guarded: it happens only from the state that it expects."""

    def record(self, job: NewJob) -> SubmittedJob:
        """Record a new job, or find the one that already has its tenant's idempotency key."""

    def find(self, tenant_id: str, idempotency_key: str) -> SubmittedJob | None:
        """The job that has the tenant's key."""

    def mark_enqueued(self, job_id: UUID, tenant_id: str | None = None) -> bool:
        """Note that a job that is not final has a message on the queue. False: the job was withdrawn.

        Who sees the jobs of all tenants need not say whose it is.
        """

    def withdraw(self, job_id: UUID, tenant_id: str) -> bool:
        """Remove a job that never reached the queue. False: it has, and stays."""

    def get(self, job_id: UUID, tenant_id: str) -> JobView | None:
        """The tenant's job; ``None`` also for another tenant's."""

    def page(self, tenant_id: str, wanted: JobFilter) -> Page:
        """The tenant's jobs that are wanted, newest first, without their results."""

    def cancel(self, job_id: UUID, tenant_id: str) -> bool:
        """End the tenant's job, queued or running. False: it is not there, or has ended otherwise."""

    def waiting(self, tenant_id: str, most: int) -> int:
        """How many of the tenant's jobs are queued, counted up to so many."""

    def claim(self, job_id: UUID, lease_seconds: int) -> ClaimedJob | NotClaimed:
        """Start an attempt: of a queued job that is due, or of a running one whose lease has run out."""

    def extend_lease(self, job_id: UUID, attempt: int, lease_seconds: int) -> bool:
        """False: the attempt is no longer the running one."""

    def release(self, job_id: UUID, attempt: int, reason: str, *, deferred: bool, delay_seconds: int) -> bool:
        """Give the job back to the queue, due after the delay.

        False: the attempt was not the running one.
        """

    def succeed(self, job_id: UUID, attempt: int, result: JobResult) -> bool:
        """Finish the attempt with its result. False: too late, the attempt is not the running one."""

    def fail(self, job_id: UUID, attempt: int, failure: Failure) -> bool:
        """Finish the attempt with an error. False: too late, the attempt is not the running one."""

    def stranded(self, never_enqueued_for: int, waiting_for: int, limit: int) -> list[JobMessage]:
        """Of jobs that no message may be left for, oldest first: see ``services.sweep``. Ages in seconds."""

    def ping(self) -> None:
        """Answer."""


class DeadLetterStore(Protocol):
    """The record of messages that nobody could handle."""

    def bury(self, letter: DeadLetter, deliveries: int, failure: Failure) -> DeadLetterOutcome:
        """Write the letter down, and fail its job, unless it has ended or a worker holds it. The second time nothing
        changes, whatever has become of the job since."""

    def letters(self, since: datetime | None, limit: int) -> list[DeadLetterRecord]:
        """Newest first."""

    def count(self, since: datetime | None) -> dict[str, int]:
        """Letters by fate."""


class FailedJobs(Protocol):
    """The failed jobs of all tenants, for operators."""

    def find(self, sought: FailedJobFilter) -> list[FailedJob]:
        """Those sought, newest failure first."""

    def count(self, sought: FailedJobFilter) -> dict[str, int]:
        """How many were sought, whatever the limit, by code."""

    def redrive(self, job_id: UUID, new_id: UUID, order: RedriveRequest) -> Redriven:
        """Record a new job of the failed one's request, and who ordered it and why: both, or neither.

        The same new id again is the same redrive. A job is redriven once, unless the order says again.
        """


class JobQueue(Protocol):
    """Where a job's message waits for a worker."""

    def send(self, message: JobMessage, delay_seconds: int = 0) -> None:
        """Put the message on the queue; it appears after the delay (at most 900 s)."""

    def has_backlog(self) -> bool:
        """Whether messages wait for a worker, as far as the queue knows."""

    def ping(self) -> None:
        """Answer."""


class Delivery(Protocol):
    """One message in the hands of this worker."""

    def hide(self, seconds: int) -> None:
        """Let the message come back after that many seconds from now, unless it is finished before."""


class ResultStore(Protocol):
    """Where results are kept for good."""

    def put(self, job_id: UUID, attempt: int, document: bytes) -> str:
        """Store a result once and give its key; an object that is there already is never overwritten."""

    def url(self, key: str) -> str:
        """A link that works for a short while without credentials. It is a secret: it is not logged."""
