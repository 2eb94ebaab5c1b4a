"""The strings in a JSON value, and the text of values that JSON has no type for."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that control a terminal or end a string and carry no text: all controls but tab and line ends."""

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
"""Characters that PostgreSQL's text cannot hold: U+0000, and surrogates, which UTF-8 has no bytes for. Every text that
a caller chooses and that reaches the database is held to this: path, query, headers, tenant and body."""

MAX_POINTER_PART = 100
"""Longest name in a pointer, in characters: callers choose names, which may be as long as the body."""


def walk_strings(node: object, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Every string in the value, names of objects included, with its JSON Pointer."""
    if isinstance(node, str):
        yield pointer, node
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from walk_strings(item, f"{pointer}/{index}")
    elif isinstance(node, dict):
        for name, item in node.items():
            yield pointer, name
            yield from walk_strings(item, f"{pointer}/{pointer_part(name)}")


def pointer_part(name: str) -> str:
    """A name as a token of a JSON Pointer (RFC 6901)."""
    return UNSTORABLE.sub("\ufffd", name[:MAX_POINTER_PART]).replace("~", "~0").replace("/", "~1")


def _storable(text: str) -> str:
    if UNSTORABLE.search(text):
        raise ValueError("contains the character U+0000 or a surrogate")
    return text


StorableText = Annotated[str, AfterValidator(_storable)]
"""A text that PostgreSQL can hold."""


def rfc_3339(at: datetime) -> str:
    """A time in UTC as in RFC 3339, with milliseconds: ``2026-11-20T12:00:00.000Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
