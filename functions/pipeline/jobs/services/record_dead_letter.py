"""Record a dead letter, and fail its job with the reason.

Without this a job whose message was dropped would stay queued for good, or circulate forever: the sweeper would
re-enqueue it, and its message would be dropped again.
"""

from dataclasses import dataclass

from pipeline.jobs.domain.dead_letter import DeadLetter
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.ports import DeadLetterStore
from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class RecordDeadLetter:
    """The use case behind a message on the dead-letter queue. Idempotent."""

    dead_letters: DeadLetterStore
    deliveries: int
    """Deliveries that the job queue allows. The message's own count goes on in the dead-letter queue."""

    def run(self, dead_letter: DeadLetter) -> None:
        """Record one message. Raises Unavailable: then it must be delivered again."""
        reason = f"(Its message was delivered {self.deliveries} times without completing.)"
        failure = Failure.of(FailureCode.ATTEMPTS_EXHAUSTED, reason)
        outcome = self.dead_letters.record(dead_letter, self.deliveries, failure)
        log.warning(
            "dead letter recorded", message_id=dead_letter.message_id, job_id=dead_letter.job_id, outcome=outcome
        )
