"""Re-enqueue jobs that may have lost their message.

A message is lost if the API dies between recording the job and sending the message, if a worker dies after giving a job
back, or if it dies before it could hide the message for a short time. A second message for a job does no harm: its
worker finds the job claimed, not yet due, or finished.
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
        # If the queue is empty, a queued job has no visible message, so it is re-sent sooner.
        waiting = self.policy.backlog_s if self.queue.has_backlog() else self.policy.overdue_s
        stranded = self.store.stranded(self.policy.overdue_s, waiting, self.policy.jobs_per_sweep)
        for message in stranded:
            self.queue.send(message)
            self.store.mark_enqueued(message.job_id)
        if stranded:
            log.warning("stranded jobs sent again", resent=len(stranded))
        return len(stranded)
