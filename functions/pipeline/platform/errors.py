"""Errors that every system shares, named by what the caller does next.

PipelineError
├── RequestRefused          the client changes its request
│   └── InvalidRequest      fields are invalid
├── HttpProblem             the client reads the problem document (``platform.http``)
├── Unavailable             the client, or the queue, tries again later
└── ConfigurationError      an operator fixes the deployment
    └── LoginRefused        the database refuses the password (``platform.postgres``)

``jobs.errors`` and ``models.errors`` continue the tree. ``jobs.handlers.problems`` maps errors to HTTP,
``jobs.handlers.worker`` to batch item failures.
"""

from typing import TypedDict

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.platform.text import pointer_part

MAX_FIELD_ERRORS = 20
"""Most invalid fields listed in one answer."""

MAX_COUNTED_ERRORS = 1_000
"""More invalid fields than these are counted and not listed: pydantic describes all of them, at 4 µs each (2026-11)."""


class PipelineError(Exception):
    """The base of every error that leaves the module family that raises it.

    An error that its direct caller handles derives from a built-in one.
    """


class FieldError(TypedDict):
    """One invalid field. ``pointer`` is a JSON Pointer (RFC 6901) into the request's body."""

    pointer: str
    detail: str


class RequestRefused(PipelineError):
    """The request cannot be accepted as it is."""


class InvalidRequest(RequestRefused):
    """Fields are invalid."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__(f"{len(errors)} invalid fields")
        self.errors = errors

    @classmethod
    def at(cls, pointer: str, detail: str) -> "InvalidRequest":
        """The error for a single field."""
        return cls([{"pointer": pointer, "detail": detail}])


class Unavailable(PipelineError):
    """A dependency of this service does not answer. ``dependency`` names it."""

    def __init__(self, dependency: str) -> None:
        super().__init__(dependency)
        self.dependency = dependency


class ConfigurationError(PipelineError):
    """The deployment is wrong: a variable is missing, or a parameter's value does not fit its model."""


def field_errors(error: ValidationError, below: str = "") -> list[FieldError]:
    """pydantic's errors as JSON Pointers below ``below``. Messages name the rule; the caller's values are left out."""
    if (count := error.error_count()) > MAX_COUNTED_ERRORS:
        return [{"pointer": below, "detail": f"{count:,} fields are invalid"}]
    return [
        {"pointer": below + "".join(f"/{pointer_part(str(part))}" for part in found["loc"]), "detail": _detail(found)}
        for found in error.errors(include_url=False, include_context=False, include_input=False)[:MAX_FIELD_ERRORS]
    ]


def _detail(error: ErrorDetails) -> str:
    if error["type"] in ("model_type", "model_attributes_type"):
        return "Input should be an object"  # pydantic would name the class
    return error["msg"].removeprefix("Value error, ")
