"""An instance of a JSON schema, with values drawn from the material."""

from functools import partial
from typing import Any

from bedrock_emulator.array_values import ABSENT, ArrayFilling
from bedrock_emulator.documents import Document
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.material import Source
from bedrock_emulator.patterns import string_for
from bedrock_emulator.scalar_values import number_value, string_value
from bedrock_emulator.schema_check import fits
from bedrock_emulator.schema_shape import alternatives, kind_of, resolve

_DEEPEST = 6  # levels; below them only required properties are filled, so that recursive schemas end


def answer_for(schema: Document, source: Source) -> Document:
    """A JSON object that is valid against the schema.

    Raises ServiceError (ModelErrorException) when the emulator cannot build one.
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
            return _enum(name, resolved["enum"], source)
        options = alternatives(resolved, self._root)
        if options == [resolved]:
            return self._plain(name, resolved, source, depth, required)
        nullable = any(kind_of(option) == "null" for option in options)
        ordered = sorted(options, key=lambda option: kind_of(option) == "null")
        # Below the deepest level the last alternative, null if allowed, ends a schema that refers to itself.
        for option in ordered if depth < _DEEPEST else reversed(ordered):
            found = self.value(name, option, source, required and not nullable, depth + 1)
            if found is not ABSENT and fits(found, resolved, self._root):
                return found
        return None if nullable else ABSENT if not required else self._plain(name, options[0], source, depth, True)

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
            return source.values.get(name) is True
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
        for pattern, part in patterns.items():
            name = string_for(pattern)
            if name is not None and len(built) < schema.get("minProperties", 0):
                built[name] = self.value(name, part, source, True, depth + 1)
        while extra is not False and len(built) < schema.get("minProperties", 0):
            name = f"key{len(built)}"
            built[name] = self.value(name, extra, source, True, depth + 1)
        return built


def _enum(name: str, values: list[Any], source: Source) -> Any:
    """The input's value of this name if it is a member, else the first member."""
    given = source.values.get(name)
    if given is not None and given in values:
        return given
    return values[0] if values else ABSENT
