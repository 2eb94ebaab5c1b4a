"""Cancel a job."""

from dataclasses import dataclass

from pipeline.jobs.domain.job import JobStatus, JobView, job_id_of
from pipeline.jobs.errors import JobEnded, NoSuchJob
from pipeline.jobs.ports import JobStore
from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class CancelJob:
    """The use case behind ``POST /jobs/{id}/cancel``.

    A queued job never runs. The answer of a running job's model call is refused, since only a running attempt can
    finish a job; a call in progress is not interrupted, and is billed.
    """

    store: JobStore

    def run(self, given_id: str, tenant_id: str) -> JobView:
        """The job, cancelled now or before. Raises NoSuchJob, and JobEnded for one that ended in another way."""
        job_id = job_id_of(given_id)
        if job_id is None:
            raise NoSuchJob
        job, cancelled = self.store.cancel(job_id, tenant_id)
        if job is None:
            raise NoSuchJob
        if job.status is not JobStatus.CANCELLED:
            raise JobEnded(job.status)
        if cancelled:
            log.info("cancelled", job_id=job_id, attempt=job.attempts)
        return job
