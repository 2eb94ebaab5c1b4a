"""Cancel a job."""

from dataclasses import dataclass

from pipeline.jobs.domain.job import JobStatus, JobView, job_id_of
from pipeline.jobs.errors import JobEnded, NoSuchJob
from pipeline.jobs.ports import JobStore
from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class CancelJob:
    """The use case behind ``POST /jobs/{id}/cancel``.

    A job that waits never runs. Of one that runs the model's answer is refused, since only a running attempt can end a
    job; a call that is under way is not taken back, and is paid for.
    """

    store: JobStore

    def run(self, given_id: str, tenant_id: str) -> JobView:
        """The job, cancelled now or before. Raises NoSuchJob, and JobEnded for one that came to another end."""
        job_id = job_id_of(given_id)
        if job_id is None:
            raise NoSuchJob
        cancelled = self.store.cancel(job_id, tenant_id)
        job = self.store.get(job_id, tenant_id)
        if job is None:
            raise NoSuchJob
        if job.status is not JobStatus.CANCELLED:
            raise JobEnded(job.status)
        if cancelled:
            log.info("cancelled", job_id=job_id, attempt=job.attempts)
        return job
