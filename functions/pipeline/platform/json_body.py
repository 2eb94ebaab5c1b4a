"""The JSON body of a request: refused cheaply, and read once.

Each request occupies a Lambda environment until it is answered, so a caller must not be able to make a refusal
expensive. Sizes are checked before anything is parsed, each with a pass over the bytes that takes a few milliseconds:
``tests/unit/test_refused_bodies.py`` holds every kind of refused body to 20 ms of CPU.
"""

import base64
import binascii
import codecs
import math
import re
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any

import pydantic_core

from pipeline.platform.errors import MAX_FIELD_ERRORS, FieldError, InvalidRequest
from pipeline.platform.http import Event, HttpProblem, single_header
from pipeline.platform.text import UNSTORABLE, walk_strings

ESCAPE_BYTES = len(b"\\u0041")
STRING = re.compile(rb'"[^"]*"')
GZIP = b"\x1f\x8b"
UTF_16_OR_32 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE, b"{\0", b"\0{", b"\0\0\0{")
LARGEST_INTEGER = 10**100
"""Integers are smaller: writing one takes time that grows with the square of its digits."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """The largest body that is read."""

    bytes: int
    text_bytes: int
    """Bytes, with each ``\\uXXXX`` escape counted as one: so a text's limit depends little on how it is written."""
    elements: int
    """Commas and opening brackets outside of strings: a value of an array or object has one of them."""


def json_body(event: Event, limits: BodyLimits) -> object:
    """The request's body, from JSON.

    Raises HttpProblem (415 for another media type or a content coding, 413 for a body over the limits, 400 for invalid
    JSON, 422 for a repeated Content-Type), and InvalidRequest for text that PostgreSQL cannot store.
    """
    _check_headers(event)
    raw = _raw_body(event, limits.bytes).removeprefix(codecs.BOM_UTF8)
    _check_size(raw, limits)
    body = _parsed(raw)
    if b"\\u0000" in raw:  # JSON has no other notation for it, and the parser refuses lone surrogates
        _check_text(body)
    return body


def _check_headers(event: Event) -> None:
    media_type = (single_header(event, "content-type") or "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise HttpProblem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Unsupported media type",
            "Send JSON, with the header Content-Type: application/json.",
            headers={"accept": "application/json"},
        )
    coding = event.get("headers", {}).get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        raise HttpProblem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Unsupported content coding",
            "The body is compressed. Send it without the header Content-Encoding.",
            headers={"accept-encoding": "identity"},
        )


def _raw_body(event: Event, max_bytes: int) -> bytes:
    body = event.get("body") or ""
    if len(body) > 2 * max_bytes:  # base64 is a third longer: decoding it would be wasted work
        raise _too_large(f"is longer than {max_bytes:,} bytes")
    try:
        raw = base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise _malformed("it is not UTF-8") from None
    if len(raw) > max_bytes:
        raise _too_large(f"is longer than {max_bytes:,} bytes")
    return raw


def _check_size(raw: bytes, limits: BodyLimits) -> None:
    if len(raw) > limits.text_bytes and len(raw) - (ESCAPE_BYTES - 1) * raw.count(b"\\u") > limits.text_bytes:
        raise _too_large(f"is longer than {limits.text_bytes:,} bytes, with each \\uXXXX escape counted as one")
    if _elements(raw) > limits.elements and _elements_outside_strings(raw, limits.elements) > limits.elements:
        raise _too_large(f"has more than {limits.elements:,} elements (values of arrays and objects)")


def _elements(raw: bytes) -> int:
    return raw.count(b",") + raw.count(b"[") + raw.count(b"{")


def _elements_outside_strings(raw: bytes, enough: int) -> int:
    if b'\\"' in raw:
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    strings = raw.count(b'"') // 2
    # Each element has two strings at most, its name and its value.
    return strings // 2 if strings > 2 * enough + 2 else _elements(STRING.sub(b"", raw))


def _parsed(raw: bytes) -> object:
    if not raw or raw.isspace():
        raise _malformed("it is empty")
    if raw.startswith(GZIP):
        raise _malformed("it is compressed. Send it as it is")
    if raw.startswith(UTF_16_OR_32):
        raise _malformed("it is UTF-16 or UTF-32. Send UTF-8")
    try:
        # pydantic's parser: strict about UTF-8 and surrogates, refuses NaN, and bounds the depth (200).
        return _with_whole_numbers(pydantic_core.from_json(raw, allow_inf_nan=False))
    except ValueError as exc:
        raise _malformed(str(exc)) from None


def _with_whole_numbers(node: Any) -> Any:
    """JSON has one kind of number: 1.0 is an integer, which pydantic's strict fields would not take it for."""
    kind = type(node)
    if kind is dict:
        return {name: _with_whole_numbers(item) for name, item in node.items()}
    if kind is list:
        return [_with_whole_numbers(item) for item in node]
    if kind is float:
        if math.isinf(node):
            raise ValueError("a number is out of range")
        return int(node) if abs(node) < 2**53 and node.is_integer() else node
    if kind is int and abs(node) >= LARGEST_INTEGER:
        raise ValueError("an integer has more than 100 digits")
    return node


def _check_text(body: object) -> None:
    found = (pointer for pointer, text in walk_strings(body) if UNSTORABLE.search(text))
    errors: list[FieldError] = [
        {"pointer": pointer, "detail": "contains the character U+0000"} for pointer in islice(found, MAX_FIELD_ERRORS)
    ]
    if errors:
        raise InvalidRequest(errors)


def _malformed(reason: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.BAD_REQUEST, "Malformed JSON", f"The body cannot be read as JSON: {reason}.")


def _too_large(how: str) -> HttpProblem:
    detail = f"The body {how}. Send a smaller document."
    return HttpProblem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Body too large", detail)
