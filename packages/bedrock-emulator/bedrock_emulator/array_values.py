"""Arrays: how many items, and which part of the material each of them is about."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Protocol

from bedrock_emulator.documents import Document
from bedrock_emulator.extraction import several_strings
from bedrock_emulator.json_prose import is_id_name
from bedrock_emulator.labels import rank_labels
from bedrock_emulator.schema_check import fits
from bedrock_emulator.schema_shape import kind_of, resolve
from bedrock_emulator.source_text import Record, Source

ABSENT = object()  # an optional value about which the material says nothing
_USUAL_ITEMS = 3  # of an array that sets no bounds


class Fill(Protocol):
    """Fills one schema from one part of the material."""

    def __call__(self, name: str, schema: Any, source: Source, required: bool) -> Any: ...


@dataclass(frozen=True)
class ArrayFilling:
    """One array property. `sparse` asks for no more items than there must be."""

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
        wanted = int(min(most, max(least, _USUAL_ITEMS))) - len(head)
        drawn = self._drawn(item, wanted, most) if wanted > 0 else []
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

    def _drawn(self, item: Document, wanted: int, most: float) -> list[Any]:
        description = str(self.schema.get("description", item.get("description", "")))
        labels = [value for value in item.get("enum", []) if isinstance(value, str)]
        if labels:
            ranked = rank_labels(labels, self.source.text)
            return [label for score, label in ranked[:wanted] if score > 0] or [ranked[0][1]]
        kind = kind_of(item)
        if item.get("properties") or item.get("anyOf") or item.get("oneOf"):
            return [self.fill(self.name, item, part, True) for part in self._parts(item, wanted, most)]
        if kind == "string" and (is_id_name(self.name) or "pattern" in item or "format" in item):
            ids = [found for found in self.source.ids() if self._fits(found, item)]
            return list(ids) or [self.fill(self.name, item, self.source, False)]
        if kind == "string":
            texts = several_strings(self.name, description, self.source.text, wanted, item.get("maxLength"))
            return [text for text in texts if self._fits(text, item)]
        return [self.fill(self.name, item, self.source, False)]

    def _parts(self, item: Document, wanted: int, most: float) -> list[Source]:
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
        described = " ".join([self.name, *properties])
        return [Source(text) for text in several_strings(self.name, described, self.source.text, wanted, None)]

    def _mentioned(self) -> tuple[Record, ...]:
        """The ids in plain text, each with the sentence or line that it stands in."""
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
    """The text with so much room left below its limit."""
    return text if limit is None else text[: max(0, limit - room)]


def _typed(identity: str, schema: Document) -> Any:
    return int(identity) if schema.get("type") == "integer" and re.fullmatch(r"\d+", identity) else identity


def _line_of(identity: str, text: str) -> str:
    position = text.find(identity)
    start = max(text.rfind("\n", 0, position), text.rfind(". ", 0, position)) + 1
    ends = [end for end in (text.find("\n", position), text.find(". ", position)) if end >= 0]
    return text[start : min(ends, default=len(text))].strip()
