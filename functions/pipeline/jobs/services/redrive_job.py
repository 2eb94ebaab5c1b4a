"""List failed jobs, and run one again.

A failed job is final. Running it again makes a new job of the same request and the same pinned configuration, recorded
and enqueued as a submit is: while the queue is down, the sweeper finds the new job.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from pipeline.jobs.domain.dead_letter import DeadLetterRecord
from pipeline.jobs.domain.job import JobMessage
from pipeline.jobs.domain.redrive import FailedJob, FailedJobFilter, Redriven, RedriveOutcome, RedriveRequest
from pipeline.jobs.ports import DeadLetterStore, FailedJobs, JobQueue, JobStore
from pipeline.platform.errors import Unavailable
from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed jobs and dead letters. The counts cover everything that matches, the lists end at the filter's limit."""

    jobs: list[FailedJob]
    by_code: dict[str, int]
    dead_letters: list[DeadLetterRecord]
    by_outcome: dict[str, int]


@dataclass(frozen=True, slots=True)
class ListFailedJobs:
    """The use case behind ``redrive.sh list``."""

    failed: FailedJobs
    dead_letters: DeadLetterStore

    def run(self, filter_: FailedJobFilter) -> Failures:
        """Failed jobs and dead letters, newest first."""
        return Failures(
            self.failed.find(filter_),
            self.failed.count_by_code(filter_),
            self.dead_letters.list_records(filter_.since, filter_.limit),
            self.dead_letters.count_by_outcome(filter_.since),
        )


@dataclass(frozen=True, slots=True)
class RedriveJob:
    """The use case behind ``redrive.sh jobs`` and ``redrive.sh all``."""

    failed: FailedJobs
    store: JobStore
    queue: JobQueue
    new_id: Callable[[], UUID] = uuid4

    def run(self, job_id: UUID, request: RedriveRequest) -> Redriven:
        """Run one job again. Raises Unavailable if nothing was done or that is unknown: a second try is safe."""
        redriven = self.failed.redrive(job_id, self.new_id(), request)
        if redriven.outcome is RedriveOutcome.REDRIVEN and redriven.job_id:
            log.info("redriven", job_id=redriven.job_id, redrive_of=job_id, request_id=request.request_id)
            try:
                self.queue.send(JobMessage.of(redriven.job_id, redriven.tenant_id))
                self.store.mark_enqueued(redriven.job_id)
            except Unavailable as exc:
                log.warning("not enqueued yet", job_id=redriven.job_id, dependency=exc.dependency)
        return redriven
