"""HTTP as API Gateway's HTTP API hands it over (payload format 2.0), and as it wants it back.

API Gateway has matched the route already, so routing is a look-up of ``routeKey``.
"""

import base64
import binascii
import json
from http import HTTPStatus
from typing import Any

import pydantic_core

from analysis.domain.request import MAX_BODY_BYTES
from analysis.errors import FieldError, RequestRefused

type Event = dict[str, Any]
type Response = dict[str, Any]

ANONYMOUS = "anonymous"
"""The tenant of a request to a stage whose API is open."""


def respond(status: HTTPStatus, body: object, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer. Nothing of this API may be kept by a cache: states change, and links expire."""
    return {
        "statusCode": int(status),
        "headers": {"content-type": "application/json", "cache-control": "no-store", **(headers or {})},
        "body": json.dumps(body, ensure_ascii=False),
    }


def problem(refused: RequestRefused) -> Response:
    """An RFC 9457 problem document."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": refused.title,
        "status": int(refused.status),
        "detail": refused.detail,
    }
    if refused.errors:
        body["errors"] = refused.errors
    return respond(refused.status, body, {"content-type": "application/problem+json", **refused.headers})


def tenant_of(event: Event) -> str:
    """Whose request it is, from what API Gateway has verified and from nothing else."""
    authorizer = event["requestContext"].get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    identity = authorizer.get("iam") or {}
    return str(claims.get("sub") or identity.get("userArn") or ANONYMOUS)


def json_body(event: Event) -> object:
    """The request's JSON document.

    Raises RequestRefused: 415 for another media type, 413 for a body that is too long, 400 for what is no JSON, and
    422 for text that PostgreSQL cannot hold.
    """
    media_type = event.get("headers", {}).get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RequestRefused(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Unsupported media type",
            "Send JSON, with the header Content-Type: application/json.",
        )
    document = _parsed(_raw_body(event))
    if errors := _with_nul(document, ""):
        raise RequestRefused(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "Invalid request",
            "The text contains the character U+0000.",
            errors,
        )
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
        json.dumps(document, allow_nan=False)
    except (ValueError, RecursionError) as fault:
        reason = str(fault) if isinstance(fault, ValueError) else "it is nested too deep"
        raise _malformed(reason) from None
    return document


def _with_nul(node: object, pointer: str) -> list[FieldError]:
    if isinstance(node, str):
        return [{"pointer": pointer, "detail": "contains the character U+0000"}] if "\0" in node else []
    if isinstance(node, list):
        return [error for index, item in enumerate(node) for error in _with_nul(item, f"{pointer}/{index}")]
    if isinstance(node, dict):
        if any("\0" in key for key in node):
            return [{"pointer": pointer, "detail": "has a name that contains the character U+0000"}]
        return [error for key, item in node.items() for error in _with_nul(item, f"{pointer}/{key}")]
    return []


def _malformed(reason: str) -> RequestRefused:
    return RequestRefused(HTTPStatus.BAD_REQUEST, "Malformed JSON", f"The body cannot be read as JSON: {reason}.")


def _too_large() -> RequestRefused:
    return RequestRefused(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "Body too large",
        f"The body is longer than {MAX_BODY_BYTES:,} bytes. Send a shorter document.",
    )
