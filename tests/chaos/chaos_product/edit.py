"""Changes to the product's objects. They fail if they no longer apply: a mutant without an effect proves nothing."""

from typing import Any


def edit_statement(statements: Any, name: str, old: str, new: str) -> None:
    """Replace a text in one of the product's SQL statements. Raises LookupError if it is not there."""
    text: str = statements._by_name[name]
    if old not in text:
        raise LookupError(f"the statement {name} has no {old!r}")
    statements._by_name[name] = text.replace(old, new)


def patch(owner: Any, name: str, value: Any) -> None:
    """Replace an existing attribute. Raises LookupError if there is none."""
    if not hasattr(owner, name):
        raise LookupError(f"{owner.__name__} has no {name}")
    setattr(owner, name, value)
