"""Errors of jobs, named by what the caller does next.

PipelineError
├── RequestRefused        the client changes its request
│   ├── KeyReused         the idempotency key belongs to another request
│   ├── NoSuchJob         the job does not exist, or it is another tenant's
│   ├── JobEnded          the job can no longer be cancelled
│   ├── JobNotEnded       the job cannot be erased yet
│   ├── DailyLimitReached a daily limit has been reached: the client retries after midnight UTC
│   ├── TooManyQueued     the client retries when some of its jobs have finished
│   └── QueueTooCostly    the client retries when some of the queued jobs have finished
├── JobFailed             the worker gives up: the job fails, with a reason
├── Deferred              the worker gives the job back to the queue; the attempt costs none of the job's attempts
├── AttemptFailed         the worker gives the job back to the queue, or fails it after its last attempt
├── ForeignObject         the storage has an object that this attempt did not write; the attempt is spent
└── OutOfTime             the worker leaves the message: the invocation ends too soon to start
"""

from pipeline.jobs.domain.admission import DailyLimit
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.platform.errors import PipelineError, RequestRefused


class KeyReused(RequestRefused):
    """The idempotency key was used before, with another request."""


class NoSuchJob(RequestRefused):
    """The tenant has no job with this id. Another tenant's job is not distinguished from a missing one."""


class JobEnded(RequestRefused):
    """The job has reached a final state."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class JobNotEnded(RequestRefused):
    """The job is queued or running."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class DailyLimitReached(RequestRefused):
    """A daily limit has been reached. A new day begins in ``seconds``."""

    def __init__(self, reached: DailyLimit, seconds: float) -> None:
        super().__init__(f"daily limit: {reached}")
        self.reached = reached
        self.seconds = seconds


class TooManyQueued(RequestRefused):
    """The tenant has reached the limit of queued jobs, ``limit``."""

    def __init__(self, limit: int) -> None:
        super().__init__("queued jobs")
        self.limit = limit


class QueueTooCostly(RequestRefused):
    """The tenant's or the stage's queued jobs may cost all that is left of the day's spending limit."""


class JobFailed(PipelineError):
    """The job cannot be done."""

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(code)
        self.failure = Failure.of(code, detail)


class Deferred(PipelineError):
    """The job runs again later, and the attempt does not count.

    ``after_s`` is the delay in seconds where the cause implies one; otherwise delays grow exponentially.
    """

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after_s = after_s


class AttemptFailed(PipelineError):
    """The attempt is spent, and another may succeed. ``code`` is the job's failure code if it was the last."""

    def __init__(self, reason: str, code: FailureCode) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class ForeignObject(PipelineError):
    """The storage has an object under the key of a result that this attempt did not write."""


class OutOfTime(PipelineError):
    """The invocation will end before a model call could."""
