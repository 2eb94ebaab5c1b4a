"""Errors, named by what the caller does next.

AnalysisError
├── RequestRefused        the client changes the request: an HTTP problem (4xx)
├── Unavailable           the client tries again later: HTTP 503
├── JobFailed             the worker gives up: the job is failed, with a reason
├── TryAgain              the worker gives the job back to the queue, to be run again after a delay
├── Redeliver             the worker leaves the message: another holds the job, or there is no time to start
└── ConfigurationFault    an operator mends the deployment; until then HTTP 503, and messages are left
"""

from http import HTTPStatus
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

    def __init__(
        self,
        status: HTTPStatus,
        title: str,
        detail: str,
        errors: list[FieldError] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}


class Unavailable(AnalysisError):
    """Something that this service needs does not answer. ``dependency`` names it; nothing is left half done."""

    def __init__(self, dependency: str, retry_after: int = 5) -> None:
        super().__init__(dependency)
        self.dependency = dependency
        self.retry_after = retry_after
        """Seconds."""


class JobFailed(AnalysisError):
    """The job cannot be done."""

    def __init__(self, code: FailureCode, detail: str = "") -> None:
        super().__init__(code)
        self.failure = Failure.of(code, detail)


class TryAgain(AnalysisError):
    """The attempt ended without a result, and another may succeed.

    ``code`` is what the job fails with once its attempts are used up. A throttled attempt (``deferred``) costs none.
    """

    def __init__(self, reason: str, *, deferred: bool, code: FailureCode) -> None:
        super().__init__(reason)
        self.reason = reason
        self.deferred = deferred
        self.code = code


class Redeliver(AnalysisError):
    """The message stays on the queue and comes back after ``after`` seconds (``None``: when its time is up)."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class ConfigurationFault(AnalysisError):
    """The deployment is wrong: a variable is missing, or a parameter's value does not fit its model."""
