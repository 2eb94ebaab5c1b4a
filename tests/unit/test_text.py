"""The walk_strings of a JSON value, and what may be said of an answer in a log."""

import pytest
from pipeline.models.schema import property_names
from pipeline.platform.text import CONTROL, walk_strings
from pydantic import BaseModel


def test_every_text_and_every_name_is_found_with_its_place() -> None:
    value = {"a": ["x", {"b": "y"}], "c": None, "d": 1}
    assert list(walk_strings(value)) == [("", "a"), ("/a/0", "x"), ("/a/1", "b"), ("/a/1/b", "y"), ("", "c"), ("", "d")]


@pytest.mark.parametrize("text", ["", "a b", "tab\tand\r\nlines\n", "é 漢 \N{ZERO WIDTH JOINER} \N{NO-BREAK SPACE}"])
def test_text_is_text(text: str) -> None:
    assert not CONTROL.search(text)


@pytest.mark.parametrize("text", ["\0", "a\x1b[2J", "\x07", "\x7f", "\x9b1m", "\x85"])
def test_controls_are_none(text: str) -> None:
    assert CONTROL.search(text)


class Inner(BaseModel):
    street: str


class Outer(BaseModel):
    home: Inner | None
    others: list[Inner]
    free: dict[str, Inner]


def test_the_names_of_a_schema_are_known_however_deep() -> None:
    assert property_names(Outer) == {"home", "others", "free", "street"}
