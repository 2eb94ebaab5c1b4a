"""HTTP as API Gateway's HTTP API hands it over (payload format 2.0), and as it wants it back.

API Gateway has matched the route already, so routing is a look-up of ``routeKey``.
"""

import base64
import binascii
import json
import math
from http import HTTPStatus
from typing import Any

import pydantic_core

from analysis.domain.request import MAX_BODY_BYTES
from analysis.domain.text import texts
from analysis.errors import (
    AnalysisError,
    ConfigurationFault,
    FieldError,
    InvalidRequest,
    JobEnded,
    KeyReused,
    LimitReached,
    NoSuchJob,
    TooManyWaiting,
    Unavailable,
)
from analysis.services.submit import MAX_ERRORS

type Event = dict[str, Any]
type Response = dict[str, Any]

ANONYMOUS = "anonymous"
"""The tenant of a request to a stage whose API is open."""

MAX_DETAIL = 500
"""Characters. A detail names fields, and their names are the caller's."""


class HttpProblem(AnalysisError):
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


def respond(status: HTTPStatus, body: object, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer. Nothing of this API may be kept by a cache, for states change and links expire; and none of it is
    ever a web page, whatever a result holds."""
    always = {"content-type": "application/json", "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return {
        "statusCode": int(status),
        "headers": {**always, **(headers or {})},
        "body": json.dumps(body, ensure_ascii=False),
    }


def refuse(error: Exception, request_id: str) -> Response:
    """The answer to an error: the one place where errors become HTTP."""
    problem = _problem(error, request_id)
    body: dict[str, object] = {
        "type": "about:blank",
        "title": problem.title,
        "status": int(problem.status),
        "detail": problem.detail[:MAX_DETAIL],
    }
    if problem.errors:
        body["errors"] = problem.errors
    return respond(problem.status, body, {"content-type": "application/problem+json", **problem.headers})


def _problem(error: Exception, request_id: str) -> HttpProblem:
    match error:
        case HttpProblem():
            return error
        case InvalidRequest():
            detail = "; ".join(f"{at['pointer'] or '/'}: {at['detail']}" for at in error.errors[:3])
            return HttpProblem(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid request", detail, error.errors)
        case KeyReused():
            detail = "This Idempotency-Key was used before with another request. Use a new key for a new request."
            return HttpProblem(HTTPStatus.CONFLICT, "Idempotency-Key reused", detail)
        case NoSuchJob():
            return HttpProblem(HTTPStatus.NOT_FOUND, "No such job", "There is no job with this id.")
        case JobEnded():
            detail = f"The job has {error.status} and can no longer be cancelled."
            return HttpProblem(HTTPStatus.CONFLICT, "Job has ended", detail)
        case LimitReached():
            detail = "The money for the day is spent. A new day begins at midnight UTC, in Retry-After seconds."
            headers = {"retry-after": str(math.ceil(error.seconds))}
            return HttpProblem(HTTPStatus.TOO_MANY_REQUESTS, "Daily limit reached", detail, headers=headers)
        case TooManyWaiting():
            detail = "As many of your jobs wait as may. Come back when some of them have ended."
            headers = {"retry-after": "60"}
            return HttpProblem(HTTPStatus.TOO_MANY_REQUESTS, "Too many jobs waiting", detail, headers=headers)
        case Unavailable() | ConfigurationFault():
            detail = (
                "Something that this service needs does not answer. Try again after Retry-After seconds, "
                "with the same Idempotency-Key: then it is one job, whatever became of this request."
            )
            retry_after = "5" if isinstance(error, Unavailable) else "60"
            return HttpProblem(
                HTTPStatus.SERVICE_UNAVAILABLE, "Temporarily unavailable", detail, headers={"retry-after": retry_after}
            )
        case _:
            detail = f"A fault of this service. Its log has it as {request_id}."
            return HttpProblem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error", detail)


def tenant_of(event: Event) -> str:
    """Whose request it is, from what API Gateway has verified and from nothing else.

    Raises HttpProblem (403) for a caller who was let in, but of whom no name is known: the tenants of such callers
    would all be one.
    """
    authorizer = event["requestContext"].get("authorizer")
    if not authorizer:
        return ANONYMOUS
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    tenant = claims.get("sub") or claims.get("client_id") or _role((authorizer.get("iam") or {}).get("userArn"))
    if not tenant:
        raise HttpProblem(HTTPStatus.FORBIDDEN, "Unknown caller", "The credentials name neither a user nor a client.")
    return str(tenant)


def _role(arn: str | None) -> str | None:
    """An assumed role without the name of its session, which changes from one to the next."""
    return arn.rpartition("/")[0] if arn and ":assumed-role/" in arn else arn


def json_body(event: Event) -> object:
    """The request's JSON document.

    Raises HttpProblem: 415 for another media type, 413 for a body that is too long, 400 for what is no JSON; and
    InvalidRequest for text that PostgreSQL cannot hold.
    """
    media_type = event.get("headers", {}).get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HttpProblem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Unsupported media type",
            "Send JSON, with the header Content-Type: application/json.",
        )
    raw = _raw_body(event)
    document = _parsed(raw)
    if b"\\u0000" not in raw:  # JSON has no other way to write it, and a long body takes long to walk through
        return document
    errors: list[FieldError] = [
        {"pointer": pointer, "detail": "contains the character U+0000"}
        for pointer, text in texts(document)
        if "\0" in text
    ]
    if errors:
        raise InvalidRequest(errors[:MAX_ERRORS])
    return document


def _raw_body(event: Event) -> bytes:
    body = event.get("body") or ""
    if len(body) > 2 * MAX_BODY_BYTES:  # base64 is a third longer: no need to decode what is too long anyway
        raise _too_large()
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise _malformed("it is not UTF-8") from None
    if len(raw) > MAX_BODY_BYTES:
        raise _too_large()
    return raw


def _parsed(raw: bytes) -> object:
    if not raw.strip():
        raise _malformed("it is empty")
    try:
        # pydantic's parser: strict about UTF-8 and surrogates, refuses NaN, and bounds the depth (200).
        document: object = pydantic_core.from_json(raw, allow_inf_nan=False)
        document = json.loads(json.dumps(document, allow_nan=False), parse_float=_number)
    except (ValueError, RecursionError) as fault:
        reason = str(fault) if isinstance(fault, ValueError) else "it is nested too deep"
        raise _malformed(reason) from None
    return document


def _number(text: str) -> float:
    """JSON has one kind of number: 1.0 is an integer, which pydantic's strict fields would not take it for."""
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _malformed(reason: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.BAD_REQUEST, "Malformed JSON", f"The body cannot be read as JSON: {reason}.")


def _too_large() -> HttpProblem:
    return HttpProblem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "Body too large",
        f"The body is longer than {MAX_BODY_BYTES:,} bytes. Send a shorter document.",
    )
