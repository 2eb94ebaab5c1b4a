"""Requests and responses of API Gateway's HTTP API (payload format 2.0)."""

import base64
import binascii
import json
from http import HTTPStatus
from typing import Any

import pydantic_core
from pydantic import BaseModel

from pipeline.platform.errors import (
    MAX_FIELD_ERRORS,
    FieldError,
    InvalidRequest,
    PipelineError,
)
from pipeline.platform.text import walk_strings

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


def json_body(event: Event, max_bytes: int) -> object:
    """The request's body, from JSON.

    Raises HttpProblem (415 for another media type, 413 for a body over ``max_bytes``, 400 for invalid JSON), and
    InvalidRequest for text that PostgreSQL cannot store.
    """
    media_type = event.get("headers", {}).get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HttpProblem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Unsupported media type",
            "Send JSON, with the header Content-Type: application/json.",
        )
    raw = _raw_body(event, max_bytes)
    body = _parsed(raw)
    if b"\\u0000" not in raw:  # JSON has no other notation for it, and walking through a long body is slow
        return body
    errors: list[FieldError] = [
        {"pointer": pointer, "detail": "contains the character U+0000"}
        for pointer, text in walk_strings(body)
        if "\0" in text
    ]
    if errors:
        raise InvalidRequest(errors[:MAX_FIELD_ERRORS])
    return body


def _raw_body(event: Event, max_bytes: int) -> bytes:
    body = event.get("body") or ""
    if len(body) > 2 * max_bytes:  # base64 is a third longer: decoding it would be wasted work
        raise _too_large(max_bytes)
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise _malformed("it is not UTF-8") from None
    if len(raw) > max_bytes:
        raise _too_large(max_bytes)
    return raw


def _parsed(raw: bytes) -> object:
    if not raw.strip():
        raise _malformed("it is empty")
    try:
        # pydantic's parser: strict about UTF-8 and surrogates, refuses NaN, and bounds the depth (200).
        body: object = pydantic_core.from_json(raw, allow_inf_nan=False)
        body = json.loads(json.dumps(body, allow_nan=False), parse_float=_number)
    except (ValueError, RecursionError) as exc:
        reason = str(exc) if isinstance(exc, ValueError) else "it is nested too deep"
        raise _malformed(reason) from None
    return body


def _number(text: str) -> float:
    """JSON has one kind of number: 1.0 is an integer, which pydantic's strict fields would not take it for."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _malformed(reason: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.BAD_REQUEST, "Malformed JSON", f"The body cannot be read as JSON: {reason}.")


def _too_large(max_bytes: int) -> HttpProblem:
    return HttpProblem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "Body too large",
        f"The body is longer than {max_bytes:,} bytes. Send a shorter document.",
    )
