"""The schema of a tool: it stands alone, at every depth, and keeps the descriptions beside a reference."""

from typing import Any

import pytest
from pipeline.models.schema import property_names, tool_schema
from pydantic import BaseModel, Field


class Street(BaseModel):
    """A street."""

    name: str = Field(max_length=9)


class Address(BaseModel):
    street: Street = Field(description="Where the house is.")


class Person(BaseModel):
    home: Address
    others: list[Address]
    either: Street | int


def test_every_reference_is_replaced_by_what_it_names() -> None:
    schema = tool_schema(Person)
    street: dict[str, Any] = {
        "type": "object",
        "title": "Street",
        "description": "A street.",
        "properties": {"name": {"type": "string", "title": "Name", "maxLength": 9}},
        "required": ["name"],
    }
    address = {
        "type": "object",
        "title": "Address",
        "properties": {"street": {**street, "description": "Where the house is."}},
        "required": ["street"],
    }
    assert schema["properties"] == {
        "home": address,
        "others": {"type": "array", "title": "Others", "items": address},
        "either": {"anyOf": [street, {"type": "integer"}], "title": "Either"},
    }
    assert schema["required"] == ["home", "others", "either"]
    assert "$defs" not in schema
    assert "$ref" not in str(schema)


class Node(BaseModel):
    below: "Node | None" = None


def test_a_class_that_contains_itself_is_no_tool() -> None:
    with pytest.raises((RecursionError, KeyError)):
        tool_schema(Node)


def test_the_names_of_properties_are_found_at_every_depth() -> None:
    assert property_names(Person) == {"home", "others", "either", "street", "name"}
    assert property_names(Node) == {"below"}
