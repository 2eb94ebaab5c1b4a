"""Canaries: confidential strings of a test session, which must not appear in any log.

Tests need not plant them. Every document, key, metadata value and credential that a test sends is a canary, and so is
every result and link that it receives.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

SHORTEST = 10
"""Characters. A shorter string, such as "Rain.", may be in a log for another reason."""

PIECE = 24
"""Characters. A long text is searched for in pieces, because a log may truncate it or break it into lines."""

MOST_PIECES = 20

CREDENTIALS = {"authorization", "idempotency-key", "x-amz-security-token", "cookie"}


class Canaries:
    """Confidential strings with their source, such as ``document``."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, where: str, value: object) -> None:
        """Add every string in a value, at any depth. Field names are part of the schema and are not added."""
        for text in _texts(value):
            for piece in _pieces(text):
                self._known.setdefault(piece, where)

    def sent(self, headers: dict[str, str], body: bytes | None) -> None:
        """Add the strings of a request, except the names of the analysis and the model."""
        for name, value in headers.items():
            if name.lower() in CREDENTIALS:
                self.add(name.lower(), value.removeprefix("Bearer "))
        match _json(body):
            case {**document}:
                self.add("document", document.get("input"))
                self.add("metadata", document.get("metadata"))
            case None:
                self.add("body", (body or b"").decode(errors="ignore"))

    def received(self, body: bytes) -> None:
        """Add the strings of a response: a job's result, and the link to it."""
        match _json(body):
            case {"result": result, "result_url": str(url)}:
                self.add("result", result)
                self.add("link", urlsplit(url).query)

    def found_in(self, log: str) -> list[str]:
        """The canaries that the log contains, verbatim or encoded, with their sources."""
        return sorted({f"{where}: {piece!r}" for piece, where in self._known.items() if _is_in(piece, log)})


def _is_in(piece: str, log: str) -> bool:
    encoded = base64.b64encode(piece.encode(errors="replace")).decode()
    forms = {
        piece,
        json.dumps(piece)[1:-1],
        repr(piece)[1:-1],
        quote(piece, errors="replace"),
        encoded.rstrip("=")[:-1],
    }
    return any(form in log for form in forms)


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list():
            for item in value:
                yield from _texts(item)


def _pieces(text: str) -> Iterator[str]:
    for line in text.splitlines():
        text_of_line = line.strip()
        starts = range(0, min(len(text_of_line), MOST_PIECES * PIECE), PIECE)
        pieces = (text_of_line[at : at + PIECE] for at in starts)
        yield from (piece for piece in pieces if len(piece) >= SHORTEST)


def _json(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"")
    except (ValueError, RecursionError):
        return None
