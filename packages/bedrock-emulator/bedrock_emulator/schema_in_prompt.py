"""A JSON schema in the words of a prompt: how libraries ask for JSON where they use no tool."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bedrock_emulator.documents import Document

_ASKS_FOR_JSON = re.compile(r"\bjson\b", re.IGNORECASE)
_MOST_TRIES = 50  # opening braces of a text: each try can read the rest of it


@dataclass(frozen=True)
class Prompted:
    """A schema, and the texts that it is in as they are without it."""

    schema: Document
    texts: list[str]


def schema_in(texts: list[str]) -> Prompted | None:
    """The last JSON schema in a prompt that asks for JSON; None for a prompt without one."""
    for index in reversed(range(len(texts))):
        found = list(_schemas(texts[index]))
        if not found:
            continue
        schema, start, end = found[-1]
        without = texts[index][:start] + texts[index][end:]
        if _ASKS_FOR_JSON.search(without) or any(_ASKS_FOR_JSON.search(text) for text in texts[:index]):
            return Prompted(schema, [*texts[:index], without, *texts[index + 1 :]])
    return None


def _schemas(text: str) -> Iterator[tuple[Document, int, int]]:
    """JSON objects of the text that are schemas of an object, with their place."""
    decoder, position = json.JSONDecoder(), 0
    for _ in range(_MOST_TRIES):
        start = text.find("{", position)
        if start < 0:
            return
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            position = start + 1
            continue
        position = end
        if _is_schema(value):
            yield value, start, end


def _is_schema(value: Document) -> bool:
    properties = value.get("properties")
    if isinstance(properties, dict):
        return value.get("type", "object") == "object" and all(isinstance(part, dict) for part in properties.values())
    return "$ref" in value and "$defs" in value
