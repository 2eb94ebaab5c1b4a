"""The validation of a model's answer against the answer model of an analysis."""

import json
from collections.abc import Sequence

from pydantic import BaseModel, ValidationError

from pipeline.models.chat import ChatAnswer
from pipeline.models.schema import property_names
from pipeline.platform.text import CONTROL, walk_strings
from pipeline.platform.visible_text import hides_text

TOOL_NAME = "record_result"
"""The tool that a model is made to call with its answer."""

MAX_ERRORS = 20
"""Most errors listed in one correction."""


class InvalidAnswer(ValueError):
    """An answer that does not fit. ``explanation`` is for the model; ``pointers`` hold no content and may be logged."""

    def __init__(self, explanation: str, pointers: list[str]) -> None:
        super().__init__(explanation)
        self.explanation = explanation
        self.pointers = pointers


def validated(answer_model: type[BaseModel], answer: ChatAnswer) -> BaseModel:
    """The tool's input as the answer model. Raises InvalidAnswer."""
    given = next((call for call in answer.tool_calls if call.name == TOOL_NAME), None)
    if given is None:
        raise InvalidAnswer(f"You did not call the tool {TOOL_NAME}. Call it with your answer.", [""])
    try:
        # As JSON, in which a date or an enum is a string also for strict fields.
        valid = answer_model.model_validate_json(json.dumps(given.input))
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_context=False, include_input=False)[:MAX_ERRORS]
        raise _invalid(answer_model, [(error["loc"], error["msg"]) for error in errors]) from None
    # JSON Schema cannot exclude them, and a reader of the result could not see them.
    strings = walk_strings(valid.model_dump(mode="json"))
    hidden = [(tuple(pointer.split("/")[1:]), defect) for pointer, text in strings if (defect := _defect(text))]
    if hidden:
        raise _invalid(answer_model, hidden[:MAX_ERRORS])
    return valid


def _defect(text: str) -> str | None:
    if CONTROL.search(text):
        return "has control characters"
    if hides_text(text):
        return "has invisible characters that hide or reorder text: write it without them"
    return None


def _invalid(answer_model: type[BaseModel], errors: Sequence[tuple[tuple[int | str, ...], str]]) -> InvalidAnswer:
    listed = "\n".join(f"/{'/'.join(map(str, location))}: {message}" for location, message in errors)
    # A name that the schema does not have is the model's, or the document's: it is not logged.
    known = property_names(answer_model)
    pointers = [
        "/" + "/".join(str(part) if part in known or str(part).isdecimal() else "*" for part in location)
        for location, _ in errors
    ]
    explanation = f"The input of {TOOL_NAME} does not fit its schema. Call it again, corrected:\n{listed}"
    return InvalidAnswer(explanation, pointers)
