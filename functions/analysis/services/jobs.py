"""What a caller may do with the jobs that it has: see them all, and cancel one."""

from dataclasses import dataclass

from analysis.domain.job import JobStatus, JobView
from analysis.domain.listing import Page, Wanted
from analysis.errors import JobEnded, NoSuchJob
from analysis.observability import log
from analysis.services.ports import JobStore
from analysis.services.status import job_id_of


@dataclass(frozen=True, slots=True)
class ListJobs:
    """The use case behind ``GET /jobs``."""

    store: JobStore

    def __call__(self, tenant_id: str, wanted: Wanted) -> Page:
        """A page of the tenant's own jobs."""
        return self.store.page(tenant_id, wanted)


@dataclass(frozen=True, slots=True)
class Cancel:
    """The use case behind ``POST /jobs/{id}/cancel``.

    A job that waits never runs. Of one that runs the model's answer is refused, since only a running attempt can end a
    job; a call that is under way is not taken back, and is paid for.
    """

    store: JobStore

    def __call__(self, given_id: str, tenant_id: str) -> JobView:
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
