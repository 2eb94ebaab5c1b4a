"""Rows of the database by column name."""

from collections.abc import Sequence
from typing import Any

type Row = dict[str, Any]


def named_rows(columns: Sequence[dict[str, Any]] | None, rows: list[list[Any]]) -> list[Row]:
    """Rows as dictionaries by column name; ``columns`` are pg8000's descriptions."""
    names = [column["name"] for column in columns or []]
    return [dict(zip(names, row, strict=True)) for row in rows]
