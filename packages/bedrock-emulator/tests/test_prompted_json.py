"""JSON for a prompt that describes it, and answers that can be read."""

import json
import time
from typing import Any

import pytest
from bedrock_emulator.answers import Text
from bedrock_emulator.composing import compose

SCHEMA: dict[str, Any] = {
    "$defs": {"Mood": {"enum": ["calm", "angry"]}},
    "properties": {
        "summary": {"type": "string", "maxLength": 80},
        "mood": {"$ref": "#/$defs/Mood"},
        "price": {"type": "number"},
    },
    "required": ["summary", "mood", "price"],
    "title": "Complaint",
    "type": "object",
}
COMPLAINT = "The kettle leaked on the first day. It cost 49.50 dollars."
PLAIN = json.dumps(SCHEMA)
WRITTEN = json.dumps(SCHEMA, indent=2)


def answer(text: str, system: str | None = None) -> str:
    parameters: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": text}]}]}
    if system is not None:
        parameters["system"] = [{"text": system}]
    (part,) = compose(parameters).content
    assert isinstance(part, Text)
    return part.text


@pytest.mark.parametrize(
    ("system", "user"),
    [
        # Instructor, Mode.JSON
        (f"provide the parsed objects in json that match the following json_schema:\n\n{WRITTEN}\n", COMPLAINT),
        # pydantic-ai, PromptedOutput
        (f"Always respond with a JSON object that's compatible with this schema:\n\n{PLAIN}\n\nNo text.", COMPLAINT),
        # Vercel's AI SDK, object mode
        (f"JSON schema:\n{PLAIN}\nYou MUST answer with a JSON object that matches the JSON schema above.", COMPLAINT),
        # LangChain, and LlamaIndex: in the user's text
        (None, f"{COMPLAINT}\n\nHere is the output schema:\n```\n{PLAIN}\n```\nOutput a valid JSON object."),
        ("Answer in JSON.", f"{WRITTEN}\n\n{COMPLAINT}"),
    ],
)  # fmt: skip
def test_a_schema_in_the_prompt_is_answered_by_json_that_fits_it(system: str | None, user: str) -> None:
    found = json.loads(answer(user, system))
    assert found == {"summary": "The kettle leaked on the first day.", "mood": "calm", "price": 49.5}


@pytest.mark.parametrize(
    "text",
    [
        COMPLAINT,
        f"{COMPLAINT} The log shows {{'a': 1}} and {{\"b\": 2}} as JSON.",
        f"{COMPLAINT} Is this a schema? {WRITTEN}",
    ],
)
def test_other_prompts_are_answered_in_prose(text: str) -> None:
    assert answer(text).startswith("The kettle leaked")


@pytest.mark.parametrize("text", ['{"a":' * 60_000, "{" * 200_000, '{"a": "' * 30_000 + " json"])
def test_a_hostile_prompt_is_answered_soon(text: str) -> None:
    started = time.process_time()
    assert answer(text)
    assert time.process_time() - started < 5  # seconds of CPU; measured at 1 s or less


@pytest.mark.parametrize(
    "text",
    [
        "The \x1b[31mkettle\x1b[0m leaked\x07 on\x00 day 1.",
        "The kettle\x0c leaked\x7f on\x9b day 1.",
        "The kettle leaked &#27;on&#x202e; day 1.",
        "The \u202ekettle\u200b leaked\ufeff on\U000e0041 day 1.",
        json.dumps({"text": "The kettle\u0000 leaked\u001b[1m on\u202e day 1."}),
        "<doc>The kettle \ud800leaked on \ue000day 1.</doc>",
    ],
)
def test_characters_that_cannot_be_read_are_not_copied(text: str) -> None:
    schema = json.dumps({"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]})
    assert "kettle leaked on day 1." in answer(text)
    for found in (answer(text), json.loads(answer(f"{text}\n\nAnswer in JSON: {schema}"))["summary"]):
        assert found.isprintable()


def test_characters_of_living_scripts_are_kept() -> None:
    text = "Family 👨‍👩‍👧 and ❤️ in עברית‏ and می‌خواهم."
    assert answer(text) == text
