"""Requests and responses of API Gateway's HTTP API (payload format 2.0)."""

import json
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel

from pipeline.platform.errors import FieldError, PipelineError

type Event = dict[str, Any]
type Response = dict[str, Any]


class HttpProblem(PipelineError):
    """A problem document (RFC 9457), on its way to the client."""

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


class Problem(BaseModel):
    """An RFC 9457 problem document; ``errors`` lists invalid fields."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


def respond(status: HTTPStatus, body: object, headers: dict[str, str] | None = None) -> Response:
    """A JSON response. Caches must not keep it, since states change and links expire; browsers must not render it as a
    page, whatever a result holds."""
    always = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return {
        "statusCode": int(status),
        "headers": {**always, **(headers or {})},
        "body": json.dumps(body, ensure_ascii=False),
    }


def single_header(event: Event, name: str) -> str | None:
    """The value of a header that a request may have once, or ``None``.

    Raises HttpProblem (422) for more than one: API Gateway joins repeated lines with a comma, in an order that the
    caller does not control, so the joined text would be another value than each of them.
    """
    value: str | None = event.get("headers", {}).get(name)
    if value is not None and "," in value:
        raise invalid_header(name, "must be sent once, with a value without commas")
    return value


def invalid_header(name: str, detail: str) -> HttpProblem:
    """The problem document (422) for a header."""
    title = "-".join(word.capitalize() for word in name.split("-"))
    return HttpProblem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"Invalid {title}",
        f"The header {title} {detail}.",
        [{"pointer": f"/headers/{name}", "detail": detail}],
    )
