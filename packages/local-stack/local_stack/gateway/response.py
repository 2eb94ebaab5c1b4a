"""A function's answer as an HTTP response: both forms of payload format 2.0."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

JSON_TYPE = "application/json"
# Set by the server that writes the response, or meaningless behind it.
_NOT_THE_FUNCTIONS = frozenset({"connection", "content-length", "transfer-encoding", "date", "keep-alive", "upgrade"})


@dataclass(frozen=True)
class Response:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def refusal(status: int, message: str, *headers: tuple[str, str]) -> Response:
    """The gateway's own answers."""
    return Response(status, (("content-type", JSON_TYPE), *headers), json.dumps({"message": message}).encode())


INTERNAL_SERVER_ERROR = refusal(500, "Internal Server Error")
SERVICE_UNAVAILABLE = refusal(503, "Service Unavailable")
REQUEST_TOO_LARGE = refusal(413, "Request Entity Too Large")
NOT_FOUND = refusal(404, "Not Found")


def interpret(payload: bytes) -> Response:
    """The function returned a malformed answer; the caller gets a 500 without details."""
    try:
        answer = json.loads(payload)
    except ValueError:
        return INTERNAL_SERVER_ERROR
    if not (isinstance(answer, dict) and "statusCode" in answer):
        return _bare(answer)
    try:
        return _full(answer)
    except (TypeError, ValueError):
        return INTERNAL_SERVER_ERROR


def _bare(answer: object) -> Response:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return Response(200, (("content-type", JSON_TYPE),), text.encode())


def _full(answer: dict[str, Any]) -> Response:
    status = int(answer["statusCode"])
    if not 200 <= status <= 599:
        raise ValueError(f"status {status}")
    headers = [*_headers(answer.get("headers") or {})]
    headers += [("set-cookie", _header_value(cookie)) for cookie in answer.get("cookies") or []]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    return Response(status, tuple(headers), _body(answer))


def _headers(given: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, _header_value(value))
        for name, value in given.items()
        if value is not None and name.lower() not in _NOT_THE_FUNCTIONS and _is_token(name)
    ]


def _header_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise TypeError(f"a header's value is a string, not {type(value).__name__}")
    text = str(value)
    if any(character in text for character in "\r\n\0"):
        raise ValueError("a line break in a header")
    return text


def _is_token(name: str) -> bool:
    return bool(name) and all(c.isascii() and (c.isalnum() or c in "!#$%&'*+-.^_`|~") for c in name)


def _body(answer: dict[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise TypeError("the body is not a string")
    if not answer.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as exc:
        raise ValueError("the body is not base64") from exc
