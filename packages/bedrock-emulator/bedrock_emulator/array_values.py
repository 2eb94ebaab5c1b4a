"""Arrays: the number of items, and the part of the material for each."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Protocol

from bedrock_emulator.documents import Document
from bedrock_emulator.material import Record, Source, is_id_name
from bedrock_emulator.schema_check import fits
from bedrock_emulator.schema_shape import kind_of, resolve
from bedrock_emulator.sentences import sentences, shorten

ABSENT = object()  # an optional value that the material does not give
_USUAL_ITEMS = 3  # in an array without bounds


class Fill(Protocol):
    """Fills one schema from one part of the material."""

    def __call__(self, name: str, schema: Any, source: Source, required: bool) -> Any: ...


@dataclass(frozen=True)
class ArrayFilling:
    """One array property. A sparse one gets only the items that the schema requires."""

    fill: Fill
    root: Document
    name: str
    schema: Document
    source: Source
    sparse: bool

    def items(self) -> list[Any]:
        least = int(self.schema.get("minItems", 0))
        most = least if self.sparse else self.schema.get("maxItems", math.inf)
        head = [self.fill(self.name, part, self.source, True) for part in self.schema.get("prefixItems", [])]
        if self.schema.get("items") is False:
            return head
        item = self._resolved(self.schema.get("items", {}))
        count = int(min(most, max(least, _USUAL_ITEMS))) - len(head)
        drawn = self._drawn(item, count, most) if count > 0 else []
        found = [*head, *(value for value in drawn if value is not ABSENT)]
        if self.schema.get("uniqueItems"):
            found = list({json.dumps(value, sort_keys=True): value for value in found}.values())
        contained = self._resolved(self.schema.get("contains", {}))
        if contained and not any(self._fits(value, contained) for value in found):
            found.insert(0, self.fill(self.name, contained, self.source, True))
        if math.isfinite(most):
            found = found[: int(most)]
        while len(found) < least:
            found.append(self._another(item, found))
        return found

    def _drawn(self, item: Document, count: int, most: float) -> list[Any]:
        kind = kind_of(item)
        if item.get("properties") or item.get("anyOf") or item.get("oneOf"):
            return [self.fill(self.name, item, part, True) for part in self._parts(item, count, most)]
        if kind == "string" and "enum" not in item and (is_id_name(self.name) or "pattern" in item or "format" in item):
            ids = [found for found in self.source.ids() if self._fits(found, item)]
            return list(ids) or [self.fill(self.name, item, self.source, False)]
        if kind == "string" and "enum" not in item:
            texts = [shorten(text, item.get("maxLength")) for text in sentences(self.source.text)[:count]]
            return [text for text in dict.fromkeys(texts) if self._fits(text, item)]
        return [self.fill(self.name, item, self.source, False)]

    def _parts(self, item: Document, count: int, most: float) -> list[Source]:
        """The material of each object: one part per id when the objects have ids, else one sentence each."""
        properties = item.get("properties", {})
        id_name = next((name for name in properties if is_id_name(name)), None)
        if id_name is not None:
            id_schema = self._resolved(properties[id_name])
            records = self.source.records or self._mentioned()
            kept = [record for record in records if self._fits(_typed(record.id, id_schema), id_schema)]
            if kept:
                return [
                    Source(record.text, (record,), {**record.values, id_name: _typed(record.id, id_schema)})
                    for record in kept[: len(kept) if math.isinf(most) else int(most)]
                ]
        return [Source(text) for text in sentences(self.source.text)[:count]]

    def _mentioned(self) -> tuple[Record, ...]:
        """The ids in plain text, each with its sentence or line."""
        text = self.source.text
        return tuple(Record(found, _line_of(found, text), {}) for found in self.source.ids())

    def _resolved(self, schema: Any) -> Document:
        return resolve(schema, self.root)

    def _fits(self, value: Any, schema: Document) -> bool:
        return fits(value, schema, self.root)

    def _another(self, item: Document, found: list[Any]) -> Any:
        """One more item when the material has too few: different from the others where that can be done."""
        unused = [value for value in item.get("enum", []) if value not in found]
        if unused:
            return unused[0]
        number = len(found) + 1
        value = self.fill(self.name, item, Source(f"{self.source.text} ({number})"), True)
        if isinstance(value, str):
            stretched = _shorter_by(value, item.get("maxLength"), len(f" {number}")) + f" {number}"
            return stretched if self._fits(stretched, item) else value
        if isinstance(value, int | float) and not isinstance(value, bool):
            step = item.get("multipleOf", 1)
            others = (value + sign * count * step for count in range(len(found) + 1) for sign in (1, -1))
            return next((other for other in others if other not in found and self._fits(other, item)), value)
        return value


def _shorter_by(text: str, limit: int | None, room: int) -> str:
    """The text cut so that `room` characters remain below its limit."""
    return text if limit is None else text[: max(0, limit - room)]


def _typed(identity: str, schema: Document) -> Any:
    return int(identity) if schema.get("type") == "integer" and re.fullmatch(r"\d+", identity) else identity


def _line_of(identity: str, text: str) -> str:
    position = text.find(identity)
    start = max(text.rfind("\n", 0, position), text.rfind(". ", 0, position)) + 1
    ends = [end for end in (text.find("\n", position), text.find(". ", position)) if end >= 0]
    return text[start : min(ends, default=len(text))].strip()
