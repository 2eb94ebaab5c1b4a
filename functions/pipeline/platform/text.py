"""The texts of a JSON value, wherever they are."""

import re
from collections.abc import Iterator

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Characters that steer a terminal or cut off a string, and say nothing: all controls but tab and line ends."""

MAX_POINTER_PART = 100
"""Characters of a name in a pointer: the name is the caller's, and may be as long as the body."""


def walk_strings(node: object, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Every string in the value, and every name of an object, with the JSON Pointer of where it is."""
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
    """A name as a part of a JSON Pointer (RFC 6901)."""
    return name[:MAX_POINTER_PART].replace("~", "~0").replace("/", "~1")
