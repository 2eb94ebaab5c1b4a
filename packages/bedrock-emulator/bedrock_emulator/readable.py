"""Text without the characters that no answer may have: controls, and what hides or reorders text."""

import re
from typing import Any

# Joiners of emoji (U+200D), marks of Hebrew and Arabic (U+200E, U+200F, U+061C) and variation selectors stay.
_UNREADABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls, except tab and the ends of lines
    "\u200b\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # zero width, bidirectional overrides, annotations
    "\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff"  # halves of pairs, private use, no characters
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"  # tags, private use
)
_ESCAPE_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")  # of a terminal


def readable(text: str) -> str:
    return _UNREADABLE.sub("", _ESCAPE_SEQUENCE.sub("", text))


def readable_value(value: Any) -> Any:
    """A JSON value whose texts are readable."""
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {readable(str(key)): readable_value(item) for key, item in value.items()}
    return [readable_value(item) for item in value] if isinstance(value, list) else value
