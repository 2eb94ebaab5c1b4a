"""Faults that change the answer: a tool input that does not fit, text for a tool, a cut answer."""

import json
from typing import TYPE_CHECKING, Any

from bedrock_emulator.answers import Answer, Text, ToolCall, limited
from bedrock_emulator.composing import plain_answer, requested_tool, tool_answer
from bedrock_emulator.documents import Document

if TYPE_CHECKING:
    from bedrock_emulator.plan import Fault

_NOTICES = {
    "guardrail_intervened": "Sorry, the model cannot answer this question.",
    "content_filtered": "The generated text has been blocked by our content filters.",
}
_WRONG: dict[type, Any] = {
    str: {"unexpected": True},
    bool: "perhaps",
    int: "many",
    float: "much",
    list: "one",
    dict: [],
}


def spoiled(answer: Answer, fault: "Fault", parameters: Document) -> Answer:
    """The answer as the fault would have it; unchanged by faults of transport."""
    if fault.answer is not None:
        return _literal(fault.answer, parameters)
    if fault.not_a_tool:
        return plain_answer(parameters)
    if fault.truncate:
        return limited(answer, max(1, answer.tokens() // 2))
    if fault.invalid_json is not None:
        parts = tuple(_unfit(part, fault.invalid_json, parameters) for part in answer.content)
        return Answer(parts, answer.stop_reason, answer.fields)
    if fault.stop_reason is not None:
        return _stopped_by(fault.stop_reason, answer, parameters)
    return answer


def _literal(given: str | Document, parameters: Document) -> Answer:
    tool = requested_tool(parameters)
    if isinstance(given, dict) and tool is not None:
        return tool_answer(parameters, tool["name"], given)
    return Answer((Text(given if isinstance(given, str) else json.dumps(given)),), "end_turn")


def _stopped_by(reason: str, answer: Answer, parameters: Document) -> Answer:
    if reason in _NOTICES:
        return Answer((Text(_NOTICES[reason]),), reason)
    if reason in ("max_tokens", "model_context_window_exceeded"):
        return Answer(limited(answer, max(1, answer.tokens() // 2)).content, reason)
    if reason in ("end_turn", "stop_sequence"):
        return Answer(plain_answer(parameters).content, reason)
    return Answer(() if reason.startswith("malformed") else answer.content, reason)


def _unfit(part: Text | ToolCall, how: str, parameters: Document) -> Text | ToolCall:
    if isinstance(part, Text):
        # Structured output without a tool is text: half a JSON document is no JSON.
        return Text(part.text[: max(1, len(part.text) // 2)])
    value: Document = json.loads(part.input_json)
    tool = requested_tool(parameters) or {"inputSchema": {"json": {}}}
    required = [name for name in tool["inputSchema"]["json"].get("required", []) if name in value]
    if how == "missing" and required:
        del value[required[0]]
    elif how == "extra" or not value:
        value["unexpected_property"] = "not in the schema"
    else:
        name = (required or list(value))[0]
        value[name] = _WRONG.get(type(value[name]), {"unexpected": True})
    return ToolCall(part.tool_use_id, part.name, json.dumps(value, ensure_ascii=False))
