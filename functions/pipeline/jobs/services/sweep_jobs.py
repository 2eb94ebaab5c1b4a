"""Find jobs that no message may be left for, and give each a new one.

A job's message can be missing because the API died between recording the job and sending its message, because a worker
died after giving a job back, or because it died before it could say how soon the message shall come back. A second
message for a job that has one does no harm: whoever comes second finds the job claimed, not yet due, or done.
"""

from dataclasses import dataclass

from pipeline.jobs.ports import JobQueue, JobStore
from pipeline.platform.observability import log

OVERDUE_S = 60
"""A submit takes at most the API's 29 s, and a worker hides its message for 30 s: after this long nobody is about to
send the message, and it is not about to come back."""

BACKLOG_S = 3600
"""A job may well wait this long behind others, and gets another message then: one an hour at most."""

MOST = 500
"""Jobs a sweep: sending so many takes well under the function's timeout."""


@dataclass(frozen=True, slots=True)
class SweepJobs:
    """The use case behind the schedule."""

    store: JobStore
    queue: JobQueue

    def run(self) -> int:
        """Send again; the number of messages sent."""
        # Where no message waits for a worker, a job that waits has none, or one that is hidden for too long.
        waiting = BACKLOG_S if self.queue.has_backlog() else OVERDUE_S
        stranded = self.store.stranded(OVERDUE_S, waiting, MOST)
        for message in stranded:
            self.queue.send(message)
            self.store.mark_enqueued(message.job_id)
        if stranded:
            log.warning("stranded jobs sent again", resent=len(stranded))
        return len(stranded)
