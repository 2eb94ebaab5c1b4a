"""Erase the content of a job."""

from dataclasses import dataclass

from pipeline.jobs.domain.job import JobView, job_id_of
from pipeline.jobs.errors import JobNotEnded, NoSuchJob
from pipeline.jobs.ports import JobStore
from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class EraseJob:
    """The use case behind ``DELETE /jobs/{id}``.

    The job must have ended. Cancelling it here would hide that a model call in progress is billed, and an erasure
    cannot be undone: a caller who means both asks for both. The row loses its content at once, and with it the link to
    the result. The sweeper deletes the objects: the API may not.
    """

    store: JobStore

    def run(self, given_id: str, tenant_id: str) -> JobView:
        """The job, erased now or before. Raises NoSuchJob, and JobNotEnded for a queued or running job."""
        job_id = job_id_of(given_id)
        if job_id is None:
            raise NoSuchJob
        job = self.store.erase(job_id, tenant_id)
        if job is None:
            raise NoSuchJob
        if job.erased_at is None:
            raise JobNotEnded(job.status)
        log.info("erased", job_id=job_id)  # also if it was erased before: the answer may have been lost
        return job
