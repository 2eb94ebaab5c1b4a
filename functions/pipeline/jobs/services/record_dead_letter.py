"""RecordDeadLetter a dead letter: write it down, and fail the job that nobody could run, with its reason.

Without this a job whose message died would stay queued for good, or go round and round: the sweeper would send it
again, and its message would die again.
"""

from dataclasses import dataclass

from pipeline.jobs.domain.dead_letter import DeadLetter
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.ports import DeadLetterStore
from pipeline.platform.observability import log


@dataclass(frozen=True, slots=True)
class RecordDeadLetter:
    """The use case behind a message on the dead-letter queue. Twice is once."""

    graveyard: DeadLetterStore
    deliveries: int
    """How often the queue delivers a message. Not asked of the letter, whose own count goes on while it waits here."""

    def run(self, letter: DeadLetter) -> None:
        """Raises Unavailable: then the letter must come again."""
        reason = f"(Its message was delivered {self.deliveries} times without an end.)"
        fate = self.graveyard.bury(letter, self.deliveries, Failure.of(FailureCode.ATTEMPTS_EXHAUSTED, reason))
        log.warning("dead letter buried", message_id=letter.message_id, job_id=letter.job_id, outcome=fate)
