"""Read a job as its caller may see it."""

from dataclasses import dataclass

from pipeline.jobs.domain.job import JobView, job_id_of
from pipeline.jobs.errors import NoSuchJob
from pipeline.jobs.ports import JobStore, ResultStore


@dataclass(frozen=True, slots=True)
class GetJob:
    """The use case behind ``GET /status/{id}``."""

    store: JobStore
    results: ResultStore

    def run(self, given_id: str, tenant_id: str) -> tuple[JobView, str | None]:
        """The job and, where it has a result, a link to it.

        Raises NoSuchJob alike for a malformed id, an unknown id and another tenant's job.
        """
        job_id = job_id_of(given_id)
        job = self.store.get(job_id, tenant_id) if job_id else None
        if job is None:
            raise NoSuchJob
        return job, self.results.url(job.result_key) if job.result_key else None
