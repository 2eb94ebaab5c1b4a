"""A string for a regular expression, built from Python's own parse of it.

Covers what JSON schemas use: literals, sets, ranges, repeats, groups, alternatives. Look-around and
back-references are passed over, so the caller checks the result.
"""

import importlib
import re
from typing import Any

# The parser has no public name; it is the same one that re.compile uses.
_parser: Any = importlib.import_module("re._parser")

_CATEGORIES = {"CATEGORY_DIGIT": "7", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " "}
_TYPICAL = ("Aa1!bcde", "abc12345", "ABC-123", "2024")  # for what look-around asks for
_ORDINARY = "a0AZ-_ .x5bB"


def string_for(pattern: str, at_least: int = 0) -> str | None:
    """A string in which the pattern is found, at least so many characters if a repeat allows; None for a pattern
    that Python cannot read or that this module cannot satisfy."""
    try:
        parsed = _parser.parse(pattern)
        compiled = re.compile(pattern)
    except (re.error, RecursionError):
        return None
    for extra in (0, 1, at_least):
        candidate = _sequence(parsed, extra)
        if compiled.search(candidate) and len(candidate) >= at_least:
            return candidate
    guesses = (_sequence(parsed, 1), *(typical * times for times in (1, 2, 4) for typical in _TYPICAL))
    return next((guess for guess in guesses if compiled.search(guess)), None)


def _sequence(items: Any, extra: int) -> str:
    return "".join(_item(str(op), argument, extra) for op, argument in items)


def _item(op: str, argument: Any, extra: int) -> str:
    if op == "LITERAL":
        return chr(int(argument))
    if op == "NOT_LITERAL":
        return next(c for c in _ORDINARY if ord(c) != argument)
    if op == "ANY":
        return "x"
    if op == "IN":
        return _member(argument)
    if op in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, high, inner = argument
        times: int = min(int(high), max(int(low), extra))
        return _sequence(inner, extra) * times
    if op == "SUBPATTERN":
        return _sequence(argument[3], extra)
    if op == "ATOMIC_GROUP":
        return _sequence(argument, extra)
    if op == "BRANCH":
        return _sequence(argument[1][0], extra)
    return ""


def _member(choices: Any) -> str:
    """One character of a set such as [a-z0-9_] or [^,]."""
    if str(choices[0][0]) == "NEGATE":
        refused = re.compile("[" + "".join(_as_set(str(op), arg) for op, arg in choices[1:]) + "]")
        return next((c for c in _ORDINARY if not refused.match(c)), "~")
    op, argument = str(choices[0][0]), choices[0][1]
    if op == "RANGE":
        return chr(argument[0])
    if op == "CATEGORY":
        return _CATEGORIES.get(str(argument), "-")
    return chr(argument)


def _as_set(op: str, argument: Any) -> str:
    if op == "RANGE":
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    if op == "CATEGORY":
        return {"CATEGORY_DIGIT": r"\d", "CATEGORY_WORD": r"\w", "CATEGORY_SPACE": r"\s"}.get(str(argument), r"\W")
    return re.escape(chr(argument))
