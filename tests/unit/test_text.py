"""Strings of a JSON value with their pointers, control characters, and the property names of a schema."""

import pytest
from pipeline.models.schema import property_names
from pipeline.platform.text import CONTROL, walk_strings
from pydantic import BaseModel


def test_every_string_and_name_is_found_with_its_pointer() -> None:
    value = {"a": ["x", {"b": "y"}], "c": None, "d": 1}
    assert list(walk_strings(value)) == [("", "a"), ("/a/0", "x"), ("/a/1", "b"), ("/a/1/b", "y"), ("", "c"), ("", "d")]


@pytest.mark.parametrize("text", ["", "a b", "tab\tand\r\nlines\n", "é 漢 \N{ZERO WIDTH JOINER} \N{NO-BREAK SPACE}"])
def test_tabs_line_ends_and_printable_text_are_no_controls(text: str) -> None:
    assert not CONTROL.search(text)


@pytest.mark.parametrize("text", ["\0", "a\x1b[2J", "\x07", "\x7f", "\x9b1m", "\x85"])
def test_control_characters_are_found(text: str) -> None:
    assert CONTROL.search(text)


class Inner(BaseModel):
    street: str


class Outer(BaseModel):
    home: Inner | None
    others: list[Inner]
    free: dict[str, Inner]


def test_property_names_are_found_at_every_depth() -> None:
    assert property_names(Outer) == {"home", "others", "free", "street"}
