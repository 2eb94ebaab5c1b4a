"""Which Pythons a ``requires-python`` allows."""

import re

MINORS = range(8, 21)


def allowed_minors(specifier: str) -> set[str]:
    """The Python 3 versions of which any patch is allowed: ``>=3.11,<3.13`` allows 3.11 and 3.12."""
    clauses = [
        re.fullmatch(r"\s*(===?|~=|!=|>=?|<=?)\s*([\d.]+?)(\.\*)?\s*", clause) for clause in specifier.split(",")
    ]
    return {f"3.{minor}" for minor in MINORS if any(_fits(clauses, (3, minor, patch)) for patch in (0, 50))}


def _fits(clauses: list[re.Match[str] | None], version: tuple[int, ...]) -> bool:
    return all(_satisfies(version, *clause.groups()) for clause in clauses if clause)


def _satisfies(version: tuple[int, ...], operator: str, text: str, any_below: str | None) -> bool:
    bound = tuple(int(part) for part in text.split("."))
    padded = (*bound, *[0] * (3 - len(bound)))
    same = version[: len(bound)] == bound if any_below else version == padded
    match operator:
        case "==" | "===":
            return same
        case "!=":
            return not same
        case "~=":
            return version >= padded and version[: len(bound) - 1] == bound[:-1]
        case ">=":
            return version >= padded
        case ">":
            return version > padded
        case "<=":
            return version <= padded
        case _:
            return version < padded
