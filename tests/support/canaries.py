"""What may not be in any log: everything that the tests send and are given, kept while they run and looked for after.

Nothing has to be planted. Whatever a test sends as a document, a key, metadata or a credential, and whatever it gets as
a result or a link, is a canary.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

SHORTEST = 10
"""Characters: "Rain." says nothing of where it came from."""

PIECE = 24
"""Characters that are looked for of a long text: a log that quotes it may cut it off, or break it into lines."""

MOST_PIECES = 20

CREDENTIALS = {"authorization", "idempotency-key", "x-amz-security-token", "cookie"}


class Canaries:
    """Strings that were somewhere they belong, by where that was."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, where: str, value: object) -> None:
        """Every text in a value, however deep. The names of its fields are the schema's."""
        for text in _texts(value):
            for piece in _pieces(text):
                self._known.setdefault(piece, where)

    def sent(self, headers: dict[str, str], body: bytes | None) -> None:
        """Of a request. A name is none: of an analysis, of a model."""
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
        """Of an answer: a job's result, and the link to it."""
        match _json(body):
            case {"result": result, "result_url": str(url)}:
                self.add("result", result)
                self.add("link", urlsplit(url).query)

    def found_in(self, log: str) -> list[str]:
        """Where the strings came from that are in the log, as they are or as logs write them."""
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
        whole = line.strip()
        pieces = (whole[at : at + PIECE] for at in range(0, min(len(whole), MOST_PIECES * PIECE), PIECE))
        yield from (piece for piece in pieces if len(piece) >= SHORTEST)


def _json(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"")
    except (ValueError, RecursionError):
        return None
