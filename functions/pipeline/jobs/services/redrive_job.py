"""What an operator does with failed jobs: see them, and run them again.

A failed job is final. Running it again makes a new job of the same request and the same pinned configuration, recorded
and enqueued as a submit is: if the queue is away, the sweeper finds it.
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
    """What there is to be looked at. The counts are of all that was sought, the lists end at its limit."""

    jobs: list[FailedJob]
    by_code: dict[str, int]
    letters: list[DeadLetterRecord]
    by_fate: dict[str, int]


@dataclass(frozen=True, slots=True)
class ListFailedJobs:
    """The use case behind ``redrive.sh list``."""

    failed: FailedJobs
    graveyard: DeadLetterStore

    def run(self, sought: FailedJobFilter) -> Failures:
        """Newest first."""
        jobs, by_code = self.failed.find(sought), self.failed.count(sought)
        return Failures(
            jobs, by_code, self.graveyard.letters(sought.since, sought.limit), self.graveyard.count(sought.since)
        )


@dataclass(frozen=True, slots=True)
class RedriveJob:
    """The use case behind ``redrive.sh jobs`` and ``all``."""

    failed: FailedJobs
    store: JobStore
    queue: JobQueue
    new_id: Callable[[], UUID] = uuid4

    def run(self, job_id: UUID, order: RedriveRequest) -> Redriven:
        """Run one job again. Raises Unavailable when nothing was done, or nobody knows: asking again is safe."""
        done = self.failed.redrive(job_id, self.new_id(), order)
        if done.outcome is RedriveOutcome.REDRIVEN and done.job_id:
            log.info("redriven", job_id=done.job_id, redrive_of=job_id, request_id=order.request_id)
            try:
                self.queue.send(JobMessage.of(done.job_id, done.tenant_id))
                self.store.mark_enqueued(done.job_id)
            except Unavailable as away:
                log.warning("not enqueued yet", job_id=done.job_id, dependency=away.dependency)
        return done
