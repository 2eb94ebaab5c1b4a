"""Errors, named by what the caller does next.

AnalysisError
├── RequestRefused        the client changes its request
│   ├── InvalidRequest    fields are at fault
│   ├── KeyReused         the idempotency key belongs to another request
│   ├── NoSuchJob         there is none, or it is another tenant's
│   ├── JobEnded          it is too late to cancel the job
│   ├── LimitReached      the client comes back tomorrow: the money for the day is spent
│   └── TooManyWaiting    the client comes back when some of its jobs have ended
├── Unavailable           the client, or the queue, tries again later
├── JobFailed             the worker gives up: the job is failed, with a reason
├── TryAgain              the worker gives the job back to the queue, to be run again after a delay
├── OutOfTime             the worker leaves the message: there is no time left to start
├── CallFailed            the worker writes the call down, and does with the job as ``then`` says
└── ConfigurationFault    an operator mends the deployment

``handlers.http`` makes HTTP answers of them, ``handlers.processor`` batch item failures.
"""

from typing import TypedDict

from analysis.domain.failure import Failure, FailureCode


class AnalysisError(Exception):
    """Everything that this package raises on purpose."""


class FieldError(TypedDict):
    """One field at fault. ``pointer`` is a JSON Pointer (RFC 6901) into the request's body."""

    pointer: str
    detail: str


class RequestRefused(AnalysisError):
    """The request cannot be accepted as it is."""


class InvalidRequest(RequestRefused):
    """Fields are at fault."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(f"{len(errors)} fields at fault")
        self.errors = errors

    @classmethod
    def at(cls, pointer: str, detail: str) -> "InvalidRequest":
        """One field is."""
        return cls([{"pointer": pointer, "detail": detail}])


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


class Unavailable(AnalysisError):
    """Something that this service needs does not answer. ``dependency`` names it."""

    def __init__(self, dependency: str) -> None:
        super().__init__(dependency)
        self.dependency = dependency


class JobFailed(AnalysisError):
    """The job cannot be done."""

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(code)
        self.failure = Failure.of(code, detail)


class TryAgain(AnalysisError):
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


class CallFailed(AnalysisError):
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


class OutOfTime(AnalysisError):
    """The invocation will end before a model call could."""


class ConfigurationFault(AnalysisError):
    """The deployment is wrong: a variable is missing, or a parameter's value does not fit its model."""
