"""An instance of a JSON schema whose values are drawn from the material."""

import json
from functools import partial
from typing import Any

from bedrock_emulator.array_values import ABSENT, ArrayFilling
from bedrock_emulator.documents import Document
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.labels import rank_labels
from bedrock_emulator.patterns import string_for
from bedrock_emulator.scalar_values import number_value, string_value
from bedrock_emulator.schema_check import fits
from bedrock_emulator.schema_shape import alternatives, kind_of, resolve
from bedrock_emulator.source_text import Source
from bedrock_emulator.words import content_stems, stem_set

_DEEPEST = 6  # levels; below this only what is required is filled, so that recursive schemas end
_ASKING = stem_set("want wants need needs require requires contain contains mention mentions include includes")


def answer_for(schema: Document, source: Source) -> Document:
    """A JSON object that is valid against the schema.

    Raises ServiceError (ModelErrorException) when the emulator cannot build one; the message says so.
    """
    for sparse in (False, True):
        value = _Filling(schema, sparse).value("", schema, source, required=True)
        if isinstance(value, dict) and fits(value, schema):
            return value
    raise ServiceError("ModelErrorException", "The emulator could not build an answer that fits the tool's schema.")


class _Filling:
    """One walk through a schema. A sparse walk fills required properties only."""

    def __init__(self, root: Document, sparse: bool) -> None:
        self._root = root
        self._sparse = sparse

    def value(self, name: str, schema: Any, source: Source, required: bool, depth: int = 0) -> Any:
        resolved = resolve(schema, self._root)
        if "const" in resolved:
            return resolved["const"]
        if "enum" in resolved:
            return self._enum(name, resolved, source, required)
        options = alternatives(resolved, self._root)
        if options == [resolved]:
            return self._plain(name, resolved, source, depth, required)
        nullable = any(kind_of(option) == "null" for option in options)
        ordered = self._by_likeness(options, source)
        # Deep down the simplest alternative ends a schema that refers to itself.
        for option in ordered if depth < _DEEPEST else reversed(ordered):
            found = self.value(name, option, source, required and not nullable, depth + 1)
            if found is not ABSENT and fits(found, resolved, self._root):
                return found
        return None if nullable else ABSENT if not required else self._plain(name, options[0], source, depth, True)

    def _by_likeness(self, options: list[Document], source: Source) -> list[Document]:
        """Objects that the material talks about first, null last."""
        talked = set(content_stems(source.text))

        def likeness(option: Document) -> tuple[bool, float]:
            described = json.dumps([option.get("title"), option.get("description"), option.get("properties")])
            words = set(content_stems(described))
            share = len(words & talked) / len(words) if words and kind_of(option) == "object" else 0.0
            return kind_of(option) == "null", -share

        return sorted(options, key=likeness)

    def _enum(self, name: str, schema: Document, source: Source, required: bool) -> Any:
        values = schema["enum"]
        labels = {value: value for value in values if isinstance(value, str)}
        given = source.values.get(name)
        if given in values:
            return given
        if not labels:
            return values[0] if values else ABSENT
        ranked = rank_labels(list(labels), source.text)
        if ranked[0][0] <= 0 and None in values and not required:
            return None
        return ranked[0][1]

    def _plain(self, name: str, schema: Document, source: Source, depth: int, required: bool) -> Any:
        kind = kind_of(schema)
        if kind == "object":
            return self._object(schema, source, depth)
        if kind == "array":
            fill = partial(self.value, depth=depth + 1)
            return ArrayFilling(fill, self._root, name, schema, source, self._sparse or depth >= _DEEPEST).items()
        if kind == "null":
            return None
        if kind == "boolean":
            return self._boolean(name, source)
        found: Any
        if kind in ("number", "integer"):
            found, drawn = number_value(name, schema, source, kind == "integer")
        else:
            found, drawn = string_value(name, schema, source)
        if drawn:
            return found
        if "default" in schema:
            return schema["default"]
        return found if required else ABSENT

    def _object(self, schema: Document, source: Source, depth: int) -> Document:
        required = set(schema.get("required", []))
        built: Document = {}
        for name, part in schema.get("properties", {}).items():
            needed = name in required
            if not needed and (self._sparse or depth >= _DEEPEST):
                continue
            value = self.value(name, part, source, needed, depth + 1)
            if value is not ABSENT:
                built[name] = value
        extra = schema.get("additionalProperties", {})
        for name in required - set(built):
            built[name] = self.value(name, extra, source, True, depth + 1)
        patterns = schema.get("patternProperties", {})
        names = iter(dict.fromkeys(content_stems(source.text)))
        for pattern, part in patterns.items():
            name = string_for(pattern)
            if name is not None and len(built) < schema.get("minProperties", 0):
                built[name] = self.value(name, part, source, True, depth + 1)
        while extra is not False and len(built) < schema.get("minProperties", 0):
            name = next(names, f"key{len(built)}")
            if name not in built:
                built[name] = self.value(name, extra, source, True, depth + 1)
        return built

    def _boolean(self, name: str, source: Source) -> bool:
        """True when the material talks about what the property is named after."""
        given = source.values.get(name)
        if isinstance(given, bool):
            return given
        asked = set(content_stems(name)) - _ASKING
        told = set(content_stems(source.text))
        return bool(asked) and len(asked & told) * 2 > len(asked)
