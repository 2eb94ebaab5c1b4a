"""Constraints of the service model beyond types: enums, patterns, upper bounds.

The texts are the ones AWS's own validation answers with.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape


def violations(value: Any, shape: Shape) -> list[str]:
    """One sentence for each member that breaks a constraint. Expects a value whose types already fit."""
    return list(_walk(value, shape, ""))


def _walk(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        if not shape.is_document_type:
            for name, item in value.items():
                yield from _walk(item, shape.members[name], f"{path}.{name}" if path else name)
    elif isinstance(shape, ListShape):
        yield from _bound(len(value), shape, path, "length less than or equal to", "a list")
        for index, item in enumerate(value):
            yield from _walk(item, shape.member, f"{path}.{index + 1}.member")
    elif isinstance(shape, MapShape):
        yield from _bound(len(value), shape, path, "length less than or equal to", "a map")
        for key, item in value.items():
            yield from _walk(item, shape.value, f"{path}.{key}")
    elif isinstance(shape, StringShape):
        yield from _string(value, shape, path)
    elif shape.type_name == "blob":
        yield from _bound(len(value), shape, path, "length less than or equal to", "a blob")
    elif isinstance(value, bool) != (shape.type_name == "boolean"):
        yield _sentence(value, path, f"Member must be of type {shape.type_name}")
    elif shape.type_name != "boolean":
        yield from _bound(value, shape, path, "value less than or equal to", value)


def _string(value: str, shape: StringShape, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield _sentence(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    yield from _bound(len(value), shape, path, "length less than or equal to", value)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _sentence(value, path, f"Member must satisfy regular expression pattern: {pattern}")


def _bound(size: float, shape: Shape, path: str, wording: str, shown: Any) -> Iterator[str]:
    limit = shape.metadata.get("max")
    if limit is not None and size > limit:
        yield _sentence(shown, path, f"Member must have {wording} {limit}")


def _sentence(value: Any, path: str, constraint: str) -> str:
    shown = str(value)[:120]
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: {constraint}"


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
