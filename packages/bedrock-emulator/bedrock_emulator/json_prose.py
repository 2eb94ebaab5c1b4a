"""JSON as text: its prose where it has some, else its values spelt out as sentences."""

import re
from collections.abc import Iterator
from typing import Any

_PROSE_WORDS = 5  # a string of so many words is a sentence, not a label
_ID_NAME = re.compile(r"(^|[_-])(id|ids|key|ref|reference|number|no|code|uuid)$|[a-z](Id|ID|Key|Ref)s?$", re.IGNORECASE)


def is_id_name(name: str) -> bool:
    return bool(_ID_NAME.search(name))


def text_of(value: Any) -> str:
    """What a JSON value says, for a reader who takes sentences from it."""
    strings = list(strings_in(value))
    if any(len(text.split()) >= _PROSE_WORDS for text in strings):
        return "\n\n".join(strings)
    return "\n\n".join(_spelt_out(value, ""))


def strings_in(value: Any) -> Iterator[str]:
    """The string values of a JSON value, without those that are a lone id."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if not (is_id_name(key) and isinstance(item, str)):
                yield from strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)


def _spelt_out(value: Any, name: str) -> Iterator[str]:
    """One sentence for the plain values of each object, such as `Facts: procedure minutes 45, priority normal.`"""
    if isinstance(value, list):
        for item in value:
            yield from _spelt_out(item, name)
    elif isinstance(value, dict):
        plain = [f"{_words(key)} {_said(item)}" for key, item in value.items() if _is_plain(item)]
        if plain:
            told = f"{_words(name)}: {', '.join(plain)}." if name else f"{', '.join(plain)}."
            yield told[0].upper() + told[1:]
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield from _spelt_out(item, key)
    elif _is_plain(value):
        yield _said(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float) and value != ""


def _said(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")
