"""The JSON Schema of a pydantic class, in the plain form that tools take."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel


def tool_schema(class_: type[BaseModel]) -> dict[str, Any]:
    """The class's schema with every ``$ref`` replaced by what it names.

    Not every model behind Converse follows references. Raises RecursionError for a class that contains itself, which
    a tool cannot take anyway.
    """
    schema = class_.model_json_schema()
    definitions = schema.pop("$defs", {})
    plain: dict[str, Any] = _inlined(schema, definitions)
    return plain


def property_names(class_: type[BaseModel]) -> frozenset[str]:
    """Every name that the class's schema gives a property, however deep."""
    return frozenset(_named(class_.model_json_schema()))


def _named(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _named(item)
    elif isinstance(node, dict):
        yield from node.get("properties", {})
        for item in node.values():
            yield from _named(item)


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        named = definitions[node["$ref"].removeprefix("#/$defs/")]
        return _inlined({**named, **{key: value for key, value in node.items() if key != "$ref"}}, definitions)
    return {key: _inlined(value, definitions) for key, value in node.items()}
