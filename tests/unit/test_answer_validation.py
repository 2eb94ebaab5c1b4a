"""The validation of answers: the correction that a model gets, and the pointers that may be logged."""

from datetime import date
from enum import StrEnum
from typing import Any

import pytest
from pipeline.jobs.services.answer_validation import MAX_ERRORS, TOOL_NAME, InvalidAnswer, validated
from pipeline.models.chat import AssistantTurn, ChatAnswer, ToolCall
from pipeline.models.prices import Usage
from pipeline.platform.strict_model import StrictModel
from pydantic import Field


class Kind(StrEnum):
    """A kind of entry."""

    PLAIN = "plain"


class Entry(StrictModel):
    name: str = Field(max_length=9)
    day: date = Field(strict=True)
    kind: Kind = Field(strict=True)


class Answer(StrictModel):
    entries: list[Entry]
    free: dict[str, str] = Field(default_factory=dict)


GOOD = {"name": "x", "day": "2026-11-28", "kind": "plain"}


def answer(given: object, name: str = TOOL_NAME) -> ChatAnswer:
    return ChatAnswer(AssistantTurn(()), (ToolCall("1", name, given),), "complete", Usage())


def refused(given: object, **tool: Any) -> InvalidAnswer:
    with pytest.raises(InvalidAnswer) as invalid:
        validated(Answer, answer(given, **tool))
    return invalid.value


def test_an_answer_in_json_fits_strict_dates_and_enums() -> None:
    valid = validated(Answer, answer({"entries": [GOOD]}))
    assert isinstance(valid, Answer)
    assert (valid.entries[0].day, valid.entries[0].kind) == (date(2026, 11, 28), Kind.PLAIN)


def test_an_answer_without_the_tool_is_asked_for_the_tool() -> None:
    invalid = refused({"entries": []}, name="another")
    assert TOOL_NAME in invalid.explanation
    assert invalid.pointers == [""]


def test_the_correction_names_each_place_and_its_rule_and_quotes_no_value() -> None:
    invalid = refused({"entries": [{**GOOD, "name": "canary-4711", "more": "canary-4711"}]})
    assert invalid.explanation.splitlines()[1:] == [
        "/entries/0/name: String should have at most 9 characters",
        "/entries/0/more: Extra inputs are not permitted",
    ]
    assert TOOL_NAME in invalid.explanation.splitlines()[0]
    assert "canary-4711" not in invalid.explanation


def test_a_name_that_the_schema_does_not_have_is_masked_in_the_log() -> None:
    given = {"entries": [{**GOOD, "canary-4711": 1}], "free": {"canary-4711": 1, "12": 2}}
    assert refused(given).pointers == ["/entries/0/*", "/free/*", "/free/12"]


@pytest.mark.parametrize("bad", [1, "\x07"], ids=["wrong type", "control character"])
def test_a_correction_lists_a_limited_number_of_errors(bad: object) -> None:
    invalid = refused({"entries": [], "free": {f"{number}": bad for number in range(30)}})
    assert len(invalid.pointers) == len(invalid.explanation.splitlines()) - 1 == MAX_ERRORS == 20


def test_a_hidden_character_is_located() -> None:
    invalid = refused({"entries": [], "free": {"a": "fine", "b": "x\x1b[2J"}})
    (line,) = invalid.explanation.splitlines()[1:]
    assert line.startswith("/free/b: has ")
    assert invalid.pointers == ["/free/*"]
