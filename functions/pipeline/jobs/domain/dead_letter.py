"""A message that was delivered as often as the queue allows, and what becomes of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class DeadLetterOutcome(StrEnum):
    """What a dead letter meant."""

    JOB_FAILED = "job_failed"
    """Its job waited for nobody but it, and is failed."""
    JOB_UNAFFECTED = "job_unaffected"
    """Its job had ended, or a worker was at it, who will end it; if he dies, the sweeper sends the job again."""
    NO_SUCH_JOB = "no_such_job"
    """It names a job that there is not: withdrawn, or never there."""
    UNRECOGNIZED = "unrecognized"
    """It names no job."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What is known of the message. What it says is not: it may be anybody's."""

    message_id: str
    job_id: UUID | None
    body_bytes: int
    body_sha256: bytes


@dataclass(frozen=True, slots=True)
class DeadLetterRecord:
    """A dead letter as it was written down."""

    message_id: str
    job_id: UUID | None
    fate: DeadLetterOutcome
    deliveries: int
    body_bytes: int
    body_sha256: bytes
    recorded_at: datetime
