"""Changes to the product's objects that fail where they no longer fit: a mutant that breaks nothing proves nothing."""

from typing import Any


def edit_statement(statements: Any, name: str, old: str, new: str) -> None:
    """Replace a text in one of the product's SQL statements."""
    text: str = statements._by_name[name]
    if old not in text:
        raise LookupError(f"the statement {name} has no {old!r}")
    statements._by_name[name] = text.replace(old, new)


def patch(owner: Any, name: str, value: Any) -> None:
    """Replace an existing attribute."""
    if not hasattr(owner, name):
        raise LookupError(f"{owner.__name__} has no {name}")
    setattr(owner, name, value)
