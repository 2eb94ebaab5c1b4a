"""Errors, named by what the caller does next.

PipelineError
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
└── ConfigurationError    an operator mends the deployment

``handlers.http`` makes HTTP answers of them, ``handlers.worker`` batch item failures.
"""

from typing import TypedDict

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.platform.text import pointer_part

MAX_FIELD_ERRORS = 20
"""Fields at fault that are named."""


class PipelineError(Exception):
    """Everything that this package raises on purpose."""


class FieldError(TypedDict):
    """One field at fault. ``pointer`` is a JSON Pointer (RFC 6901) into the request's body."""

    pointer: str
    detail: str


class RequestRefused(PipelineError):
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


class Unavailable(PipelineError):
    """Something that this service needs does not answer. ``dependency`` names it."""

    def __init__(self, dependency: str) -> None:
        super().__init__(dependency)
        self.dependency = dependency


class ConfigurationError(PipelineError):
    """The deployment is wrong: a variable is missing, or a parameter's value does not fit its model."""


def field_errors(fault: ValidationError, below: str = "") -> list[FieldError]:
    """What pydantic found, as pointers. Its messages name the rule; the values, which are the caller's, stay out."""
    return [
        {"pointer": below + "".join(f"/{pointer_part(str(part))}" for part in error["loc"]), "detail": _detail(error)}
        for error in fault.errors(include_url=False, include_context=False, include_input=False)[:MAX_FIELD_ERRORS]
    ]


def _detail(error: ErrorDetails) -> str:
    if error["type"] in ("model_type", "model_attributes_type"):
        return "Input should be an object"  # pydantic would name the class
    return error["msg"].removeprefix("Value error, ")
