"""Erase jobs whose retention has ended, and delete the objects of every erased job.

The row is erased first, so that no status offers a link to an object that is gone. An erased row names the time from
which its objects are due, until they are deleted: a run that dies in between is continued by the next.
"""

from dataclasses import dataclass

from pipeline.jobs.ports import ErasureStore, ResultStore
from pipeline.platform.observability import log
from pipeline.platform.policy import ErasurePolicy

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class EnforceRetention:
    """The use case behind the schedule, beside ``SweepJobs``."""

    erasures: ErasureStore
    results: ResultStore
    policy: ErasurePolicy
    retention_days: int

    def run(self) -> int:
        """Erase what is due, in bounded numbers; the number of jobs erased."""
        limit, retention_s = self.policy.jobs_per_sweep, self.retention_days * DAY_S
        erased = self.erasures.erase_expired(retention_s, limit)
        if erased:
            log.info("retention ended", erased=len(erased))
        self.erasures.delete_expired_records(retention_s, limit)
        for due in self.erasures.objects_due(self.policy.late_result_s, limit):
            self.results.delete(due.job_id)
            self.erasures.objects_deleted(due, self.policy.late_result_s)
        return len(erased)
