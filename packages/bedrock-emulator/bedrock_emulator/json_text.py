"""JSON values as text."""

from collections.abc import Iterator
from typing import Any


def text_of(value: Any) -> str:
    """One paragraph for each string of a JSON value, or for each object, as `name value, name value.`"""
    return "\n\n".join(_paragraphs(value))


def strings_in(value: Any) -> Iterator[str]:
    """The string values of a JSON value, without its keys."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings_in(item)


def _paragraphs(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _paragraphs(item)
    elif isinstance(value, dict):
        plain = [f"{key.replace('_', ' ')} {item}" for key, item in value.items() if _is_plain(item)]
        if plain:
            yield f"{', '.join(plain).removesuffix('.')}."
        for item in value.values():
            if isinstance(item, dict | list):
                yield from _paragraphs(item)
    elif _is_plain(value):
        yield str(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and value != ""
