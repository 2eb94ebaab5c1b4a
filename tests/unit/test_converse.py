"""Requests and answers in the shape of Converse: every kind of turn, every stop reason, and incomplete answers."""

from dataclasses import replace
from typing import Any

import pytest
from pipeline.models.catalogue import shipped_catalogue
from pipeline.models.chat import AssistantTurn, ChatRequest, Tool, ToolCall, ToolErrors, UserText
from pipeline.models.converse import converse_request, read_answer
from pipeline.models.prices import Usage
from pipeline.models.stage_config import Guardrail

FORCED = next(
    model.model_copy(update={"request_fields": {}})
    for model in shipped_catalogue().models
    if model.tool_choice == "tool"
)
UNFORCED = next(model for model in shipped_catalogue().models if model.tool_choice == "auto")
TOOL = Tool("record", "Records.", {"type": "object"})
PLAIN = ChatRequest(FORCED, "Be brief.", (UserText("Hello."),), None, {"maxTokens": 9})
ANSWER: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 2},
}


def test_a_plain_request_has_no_optional_parts() -> None:
    assert converse_request(PLAIN) == {
        "modelId": FORCED.id,
        "system": [{"text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"text": "Hello."}]}],
        "inferenceConfig": {"maxTokens": 9},
    }


def test_a_tool_is_forced_where_the_model_allows_it() -> None:
    specification = {"name": "record", "description": "Records.", "inputSchema": {"json": {"type": "object"}}}
    forced = converse_request(replace(PLAIN, tool=TOOL))
    assert forced["toolConfig"] == {"tools": [{"toolSpec": specification}], "toolChoice": {"tool": {"name": "record"}}}
    assert forced["system"] == [{"text": "Be brief."}]
    unforced = converse_request(replace(PLAIN, tool=TOOL, model=UNFORCED))
    assert unforced["toolConfig"] == {"tools": [{"toolSpec": specification}], "toolChoice": {"auto": {}}}
    instructions, required = unforced["system"]
    assert instructions == {"text": "Be brief."}
    assert "record" in required["text"]
    assert converse_request(replace(PLAIN, model=UNFORCED))["system"] == [{"text": "Be brief."}]


def test_each_turn_is_sent_as_converse_requires() -> None:
    content = ({"toolUse": {"toolUseId": "1", "name": "record", "input": {}}}, {"text": "and"})
    turns = (UserText("one"), AssistantTurn(content), ToolErrors(("1", "2"), "Wrong."), AssistantTurn(()))
    messages = converse_request(replace(PLAIN, turns=turns))["messages"]
    errors = [
        {"toolResult": {"toolUseId": id_, "content": [{"text": "Wrong."}], "status": "error"}} for id_ in ("1", "2")
    ]
    assert messages == [
        {"role": "user", "content": [{"text": "one"}]},
        {"role": "assistant", "content": list(content)},
        {"role": "user", "content": errors},
        {"role": "assistant", "content": [{"text": "(no answer)"}]},  # Bedrock refuses an empty turn
    ]


@pytest.mark.parametrize(("guarded", "guardrail"), [(True, True), (True, False), (False, True), (False, False)])
def test_only_the_document_is_marked_for_a_guardrail(guarded: bool, guardrail: bool) -> None:
    request = replace(
        PLAIN,
        turns=(UserText("text", guarded=guarded),),
        guardrail=Guardrail(identifier="gr1", version="DRAFT") if guardrail else None,
    )
    (block,) = converse_request(request)["messages"][0]["content"]
    assert block == ({"guardContent": {"text": {"text": "text"}}} if guarded and guardrail else {"text": "text"})
    assert not UserText("text").guarded


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("end_turn", "complete"),
        ("tool_use", "complete"),
        ("stop_sequence", "complete"),
        ("malformed_tool_use", "complete"),
        ("a_reason_of_tomorrow", "complete"),
        ("max_tokens", "max_tokens"),
        ("model_context_window_exceeded", "context_window_exceeded"),
        ("guardrail_intervened", "content_blocked"),
        ("content_filtered", "content_blocked"),
    ],
)
def test_a_stop_reason_that_makes_an_answer_unusable_is_recognized(given: str, read: str) -> None:
    assert read_answer({**ANSWER, "stopReason": given}).stop_reason == read


def test_an_answer_has_its_tool_calls_and_its_usage() -> None:
    content: list[dict[str, Any]] = [
        {"text": "so"},
        {"toolUse": {"toolUseId": "1", "name": "record", "input": {"a": 1}}},
    ]
    usage = {"inputTokens": 1, "outputTokens": 2, "cacheReadInputTokens": 3, "cacheWriteInputTokens": 4}
    answer = read_answer({**ANSWER, "output": {"message": {"content": content}}, "usage": usage})
    assert answer.turn == AssistantTurn(tuple(content))
    assert answer.tool_calls == (ToolCall("1", "record", {"a": 1}),)
    assert answer.usage == Usage(1, 2, 3, 4)
    assert read_answer(ANSWER).usage == Usage(1, 2, 0, 0)
    assert read_answer(ANSWER).tool_calls == ()


@pytest.mark.parametrize("part", ["output", "stopReason", "usage"])
def test_an_answer_without_a_part_is_incomplete(part: str) -> None:
    with pytest.raises(KeyError):
        read_answer({name: value for name, value in ANSWER.items() if name != part})
    for count in ("inputTokens", "outputTokens"):
        usage = {name: value for name, value in ANSWER["usage"].items() if name != count}
        with pytest.raises(KeyError):
            read_answer({**ANSWER, "usage": usage})


def test_a_stage_replaces_a_model_by_its_id_and_adds_others() -> None:
    changed = FORCED.model_copy(update={"context_tokens": 7})
    added = FORCED.model_copy(update={"id": "added"})
    shipped = shipped_catalogue()
    catalogue = shipped.overridden({"fast": "added", "mine": "added"}, (changed, added))
    assert len(catalogue.models) == len(shipped.models) + 1
    assert catalogue.find(FORCED.id).context_tokens == 7
    assert catalogue.find("fast").id == catalogue.find("mine").id == "added"
    assert catalogue.find("haiku") == shipped.find("haiku")
    assert catalogue.aliases.keys() == shipped.aliases.keys() | {"mine"}
