"""The material of an answer: what the user gave to be worked on, apart from the instructions around it.

Prompts wrap their material in tags, in fences or in JSON. What is inside is taken; without a wrapper all of the
user's text is. JSON is read as text, and its objects with an id become records.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bedrock_emulator.documents import Document
from bedrock_emulator.json_prose import is_id_name, text_of

_OPENING_TAG = re.compile(r"<([A-Za-z][\w.-]*)(?:\s[^<>]*)?>")
_INSTRUCTION_TAGS = re.compile(
    r"examples?|instructions?|schema|format|rules?|guidelines?|task|output\w*", re.IGNORECASE
)
_FENCED = re.compile(r"(?:```[a-z]*\n|\"\"\"\s*)(.*?)(?:```|\"\"\")", re.DOTALL)
_LABELLED = re.compile(r"\A[^\n]{1,300}:\s*\n+(.{40,})\Z", re.DOTALL)
_ID_IN_TEXT = re.compile(r"(?<![\w.$,/-])#?([A-Za-z]{0,12}[-_]?\d[\w-]*[A-Za-z0-9]|[A-Za-z]{1,4}\d+)(?![\w/]|[.,]\d)")


@dataclass(frozen=True)
class Record:
    """A piece of the input with an identity of its own."""

    id: str
    text: str
    values: Document


@dataclass(frozen=True)
class Source:
    """`text` is what sentences and numbers are drawn from, `values` the named values of JSON input."""

    text: str
    records: tuple[Record, ...] = ()
    values: Document = field(default_factory=dict)

    def ids(self) -> list[str]:
        """The identifiers in the material, in order, each once."""
        found = [record.id for record in self.records] or _ID_IN_TEXT.findall(self.text)
        return list(dict.fromkeys(found))


def read_source(text: str) -> Source:
    """Finds the material in a user's text."""
    material = _unwrap(text).strip()
    parsed = list(_json_values(material))
    if not parsed:
        return Source(html.unescape(material))
    records: list[Record] = []
    values: Document = {}
    for value in parsed:
        records.extend(_records(value))
        if isinstance(value, dict):
            values.update({k: v for k, v in value.items() if isinstance(v, str | int | float)})
    return Source("\n\n".join(text_of(value) for value in parsed), tuple(records), values)


def _tagged(text: str) -> Iterator[tuple[str, str]]:
    """(name, content) of each outermost pair of tags. Not one expression: that takes seconds on unclosed tags."""
    unclosed: set[str] = set()
    position = 0
    while (opening := _OPENING_TAG.search(text, position)) is not None:
        name, position = opening[1], opening.end()
        end = -1 if name in unclosed else text.find(f"</{name}", position)
        if end < 0:
            unclosed.add(name)
        else:
            yield name, text[position:end]
            position = end


def _unwrap(text: str) -> str:
    tagged = [
        re.sub(r"</?[A-Za-z][\w.-]*(?:\s[^<>]*)?>", "\n", inner)
        for tag, inner in _tagged(text)
        if not _INSTRUCTION_TAGS.fullmatch(tag) and inner.strip()
    ]
    if long_enough := [inner for inner in tagged if len(inner.strip()) >= 20] or tagged:
        return "\n\n".join(long_enough)
    fenced = [inner for inner in _FENCED.findall(text) if len(inner.strip()) >= 20]
    if fenced:
        return "\n\n".join(fenced)
    labelled = _LABELLED.match(text)
    return labelled.group(1) if labelled else text


def _json_values(text: str) -> Iterator[Any]:
    """The JSON objects and arrays in a text, outermost ones only."""
    decoder, position = json.JSONDecoder(), 0
    while (match := re.compile(r"[{\[]\s*[\"{\[\]}]").search(text, position)) is not None:
        try:
            value, position = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            position = match.start() + 1
        else:
            if value:
                yield value


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
