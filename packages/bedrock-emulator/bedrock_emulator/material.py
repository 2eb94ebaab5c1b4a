"""The material of an answer: the user's document, without the instructions around it.

Prompts wrap a document in tags. The text between them is the material; without tags all of the user's text is.
Material that is JSON is read as text, and its objects with an id become records.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bedrock_emulator.documents import Document
from bedrock_emulator.json_text import text_of
from bedrock_emulator.readable import readable, readable_value

_OPENING_TAG = re.compile(r"<([A-Za-z][\w.-]*)(?:\s[^<>]*)?>")
_ANY_TAG = re.compile(r"</?[A-Za-z][\w.-]*(?:\s[^<>]*)?>")
_ID_NAME = re.compile(r"(^|[_-])(id|ids|key|ref|reference|number|no|code|uuid)$|[a-z](Id|ID|Key|Ref)s?$", re.IGNORECASE)
_ID_IN_TEXT = re.compile(r"(?<![\w.$,/-])#?([A-Za-z]{0,12}[-_]?\d[\w-]*[A-Za-z0-9]|[A-Za-z]{1,4}\d+)(?![\w/]|[.,]\d)")


@dataclass(frozen=True)
class Record:
    """A JSON object of the material that has an id."""

    id: str
    text: str
    values: Document


@dataclass(frozen=True)
class Source:
    """`text` gives sentences and numbers; `values` are the named values of JSON input."""

    text: str
    records: tuple[Record, ...] = ()
    values: Document = field(default_factory=dict)

    def ids(self) -> list[str]:
        """The distinct identifiers in the material, in order."""
        found = [record.id for record in self.records] or _ID_IN_TEXT.findall(self.text)
        return list(dict.fromkeys(found))


def read_source(text: str) -> Source:
    """The material in a user's text."""
    material = _unwrap(text).strip()
    try:
        value: Any = json.loads(material) if material.startswith(("{", "[")) else None
    except (ValueError, RecursionError):
        value = None
    if value is None:
        return Source(readable(html.unescape(material)))
    value = readable_value(value)
    values = {k: v for k, v in value.items() if isinstance(v, str | int | float)} if isinstance(value, dict) else {}
    return Source(text_of(value), tuple(_records(value)), values)


def is_id_name(name: str) -> bool:
    """Whether a property's name is one of an identifier, such as `patient_id` or `orderId`."""
    return bool(_ID_NAME.search(name))


def _unwrap(text: str) -> str:
    tagged = [_ANY_TAG.sub("\n", inner) for inner in _tagged(text) if inner.strip()]
    return "\n\n".join(tagged) or text


def _tagged(text: str) -> Iterator[str]:
    """The content of each outermost pair of tags. A single expression would take seconds on unclosed tags."""
    unclosed: set[str] = set()
    position = 0
    while (opening := _OPENING_TAG.search(text, position)) is not None:
        name, position = opening[1], opening.end()
        end = -1 if name in unclosed else text.find(f"</{name}", position)
        if end < 0:
            unclosed.add(name)
        else:
            yield text[position:end]
            position = end


def _records(value: Any) -> Iterator[Record]:
    if isinstance(value, list):
        for item in value:
            yield from _records(item)
    elif isinstance(value, dict):
        identity = next((k for k, v in value.items() if is_id_name(k) and isinstance(v, str | int)), None)
        if identity is not None:
            yield Record(str(value[identity]), text_of(value), value)
        for item in value.values():
            if isinstance(item, list | dict):
                yield from _records(item)
