"""List a caller's jobs."""

from dataclasses import dataclass

from pipeline.jobs.domain.listing import JobFilter, Page
from pipeline.jobs.ports import JobStore


@dataclass(frozen=True, slots=True)
class ListJobs:
    """The use case behind ``GET /jobs``."""

    store: JobStore

    def run(self, tenant_id: str, filter_: JobFilter) -> Page:
        """A page of the tenant's own jobs."""
        return self.store.list_jobs(tenant_id, filter_)
