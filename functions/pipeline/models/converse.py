"""Chat requests and answers in the shape of Bedrock's Converse API, as pure functions.

A call, a stream and a record of a batch are made by the same code. The shapes are those of botocore's service model of
``bedrock-runtime`` (2026-11).
"""

import json
import unicodedata
from typing import Any

from pipeline.models.chat import (
    AssistantTurn,
    ChatAnswer,
    ChatRequest,
    StopReason,
    Tool,
    ToolCall,
    ToolErrors,
    Turn,
    UserText,
)
from pipeline.models.prices import Usage

PROMPT_OVERHEAD_TOKENS = 1_000
"""Tokens that a vendor adds to a prompt: roles, separators, and its instructions around tools (for Claude up to 804, by
Anthropic's price list, 2026-11)."""

STOP_REASONS: dict[str, StopReason] = {
    "max_tokens": "max_tokens",
    "model_context_window_exceeded": "context_window_exceeded",
    "guardrail_intervened": "content_blocked",
    "content_filtered": "content_blocked",
}
"""Converse's stop reasons that make an answer unusable; every other one is ``complete``."""


def converse_request(request: ChatRequest) -> dict[str, Any]:
    """The keyword arguments of ``Converse`` and ``ConverseStream``."""
    body: dict[str, Any] = {
        "modelId": request.model.id,
        "system": _system(request),
        "messages": [_message(turn, guardrail=request.guardrail is not None) for turn in request.turns],
        "inferenceConfig": dict(request.inference),
    }
    if request.tool:
        body["toolConfig"] = _tool_config(request.tool, forced=_forced(request))
    if request.metadata:
        body["requestMetadata"] = dict(request.metadata)
    if request.model.request_fields:
        body["additionalModelRequestFields"] = request.model.request_fields
    if request.guardrail:
        body["guardrailConfig"] = {
            "guardrailIdentifier": request.guardrail.identifier,
            "guardrailVersion": request.guardrail.version,
        }
    if request.service_tier:
        body["serviceTier"] = {"type": request.service_tier}
    return body


def max_prompt_tokens(request: ChatRequest) -> int:
    """Upper bound of the prompt's tokens, for any text: its UTF-8 bytes.

    Every vendor's tokenizer splits the bytes of a text, so that no token is shorter than one byte. Some normalize the
    text before (NFKC), which makes a few characters longer: U+FDFA becomes eighteen. English takes a quarter of the
    bound; the rest is given back as soon as Bedrock's own count arrives with the answer.
    """
    body = converse_request(request)
    text = json.dumps([body["system"], body["messages"], body.get("toolConfig")], ensure_ascii=False)
    longest = max(len(form.encode()) for form in (text, unicodedata.normalize("NFKC", text)))
    return longest + PROMPT_OVERHEAD_TOKENS


def read_answer(answer: dict[str, Any]) -> ChatAnswer:
    """A Converse answer.

    Raises KeyError for an incomplete one: botocore returns an empty answer when the connection breaks in the middle of
    the body.
    """
    content: list[dict[str, Any]] = answer["output"]["message"]["content"]
    used = [block["toolUse"] for block in content if "toolUse" in block]
    return ChatAnswer(
        turn=AssistantTurn(tuple(content)),
        tool_calls=tuple(ToolCall(tool["toolUseId"], tool["name"], tool["input"]) for tool in used),
        stop_reason=STOP_REASONS.get(answer["stopReason"], "complete"),
        usage=read_usage(answer["usage"]),
    )


def read_usage(usage: dict[str, int]) -> Usage:
    """The token counts of an answer or of a stream's last event."""
    return Usage(
        usage["inputTokens"],
        usage["outputTokens"],
        usage.get("cacheReadInputTokens", 0),
        usage.get("cacheWriteInputTokens", 0),
    )


def _forced(request: ChatRequest) -> bool:
    return request.model.tool_choice == "tool"


def _system(request: ChatRequest) -> list[dict[str, Any]]:
    system: list[dict[str, Any]] = [{"text": request.system}]
    if request.tool and not _forced(request):
        system.append({"text": f"Answer only by calling the tool {request.tool.name}."})
    if request.prompt_caching:
        system.append({"cachePoint": {"type": "default"}})
    return system


def _tool_config(tool: Tool, *, forced: bool) -> dict[str, Any]:
    specification = {
        "name": tool.name,
        "description": tool.description,
        "inputSchema": {"json": dict(tool.input_schema)},
    }
    choice: dict[str, Any] = {"tool": {"name": tool.name}} if forced else {"auto": {}}
    return {"tools": [{"toolSpec": specification}], "toolChoice": choice}


def _message(turn: Turn, *, guardrail: bool) -> dict[str, Any]:
    match turn:
        case UserText(text, guarded):
            block: dict[str, Any] = {"text": text}
            # Marked, so that the guardrail evaluates the caller's document and not the instructions around it.
            return {"role": "user", "content": [{"guardContent": {"text": block}} if guarded and guardrail else block]}
        case AssistantTurn(content):
            return {"role": "assistant", "content": list(content) or [{"text": "(no answer)"}]}  # empty is refused
        case ToolErrors(call_ids, explanation):
            error = {"content": [{"text": explanation}], "status": "error"}
            return {"role": "user", "content": [{"toolResult": {"toolUseId": id_, **error}} for id_ in call_ids]}
