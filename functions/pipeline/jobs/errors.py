"""Errors of jobs, named by what the caller does next."""

from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.platform.errors import PipelineError, RequestRefused


class KeyReused(RequestRefused):
    """The idempotency key was used before, with another request."""


class NoSuchJob(RequestRefused):
    """There is none with this id, or it is another tenant's: the two are not told apart."""


class JobEnded(RequestRefused):
    """The job has come to an end already."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class LimitReached(RequestRefused):
    """The money for the day is spent; there is more in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__("daily limit")
        self.seconds = seconds


class TooManyWaiting(RequestRefused):
    """The tenant has as many jobs waiting as it may."""


class JobFailed(PipelineError):
    """The job cannot be done."""

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(code)
        self.failure = Failure.of(code, detail)


class TryAgain(PipelineError):
    """The attempt ended without a result, and another may succeed.

    ``code`` is what the job fails with once its attempts are used up. A throttled attempt (``deferred``) costs none.
    ``after`` is how many seconds the next one waits, where that is known; else it waits longer each time.
    """

    def __init__(self, reason: str, *, deferred: bool, code: FailureCode, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.deferred = deferred
        self.code = code
        self.after = after


class CallFailed(PipelineError):
    """A call of the model brought no answer.

    ``reason`` is AWS's name for it, or ours. ``billed``: it may be paid for all the same. ``model_ill``: it says
    something of the model's health, and not of the request.
    """

    def __init__(self, reason: str, then: JobFailed | TryAgain, *, billed: bool, model_ill: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.then = then
        self.billed = billed
        self.model_ill = model_ill


class OutOfTime(PipelineError):
    """The invocation will end before a model call could."""
