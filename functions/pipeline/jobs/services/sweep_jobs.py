"""Find jobs that no message may be left for, and give each a new one.

A job's message can be missing because the API died between recording the job and sending its message, because a worker
died after giving a job back, or because it died before it could say how soon the message shall come back. A second
message for a job that has one does no harm: whoever comes second finds the job claimed, not yet due, or done.
"""

from dataclasses import dataclass

from pipeline.jobs.ports import JobQueue, JobStore
from pipeline.platform.observability import log
from pipeline.platform.policy import SweepPolicy


@dataclass(frozen=True, slots=True)
class SweepJobs:
    """The use case behind the schedule."""

    store: JobStore
    queue: JobQueue
    policy: SweepPolicy

    def run(self) -> int:
        """Send again; the number of messages sent."""
        # Where no message waits for a worker, a job that waits has none, or one that is hidden for too long.
        waiting = self.policy.backlog_s if self.queue.has_backlog() else self.policy.overdue_s
        stranded = self.store.stranded(self.policy.overdue_s, waiting, self.policy.jobs_per_sweep)
        for message in stranded:
            self.queue.send(message)
            self.store.mark_enqueued(message.job_id)
        if stranded:
            log.warning("stranded jobs sent again", resent=len(stranded))
        return len(stranded)
