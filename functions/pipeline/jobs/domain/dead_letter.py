"""A dead letter: a message that was delivered as often as the queue allows, and the effect on its job."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class DeadLetterOutcome(StrEnum):
    """The effect of a dead letter on the job that it names."""

    JOB_FAILED = "job_failed"
    """The job was waiting for this message, and is now failed."""
    JOB_UNAFFECTED = "job_unaffected"
    """The job has ended, or a worker holds it and will finish it; if the worker dies the sweeper re-enqueues it."""
    JOB_MISSING = "job_missing"
    """The named job does not exist: it was withdrawn, or never recorded."""
    UNRECOGNIZED = "unrecognized"
    """The message names no job, or was sent to the dead-letter queue directly."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The facts about the message that are kept. Its body is not among them: it may hold anything."""

    message_id: str
    job_id: UUID | None
    body_bytes: int
    body_sha256: bytes


@dataclass(frozen=True, slots=True)
class DeadLetterRecord:
    """A dead letter as it was recorded."""

    message_id: str
    job_id: UUID | None
    outcome: DeadLetterOutcome
    deliveries: int
    body_bytes: int
    body_sha256: bytes
    recorded_at: datetime
