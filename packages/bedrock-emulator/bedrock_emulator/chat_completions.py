"""Converse in the words of OpenAI's chat/completions, and back."""

import base64
import json
from typing import Any

from bedrock_emulator.answers import Answer, Text, ToolCall
from bedrock_emulator.composing import requested_tool, tool_answer
from bedrock_emulator.content_rules import blocks_of
from bedrock_emulator.documents import Document
from bedrock_emulator.tool_rules import tool_specs

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filtered",
}
_INFERENCE = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"}


def completion_request(parameters: Document, model: str) -> Document:
    messages: list[Document] = []
    system = "\n\n".join(block["text"] for block in parameters.get("system", []) if "text" in block)
    if system:
        messages.append({"role": "system", "content": system})
    for message in parameters["messages"]:
        messages.extend(_messages(message))
    inference = parameters.get("inferenceConfig", {})
    request: Document = {"model": model, "messages": messages, "stream": False}
    request |= {theirs: inference[ours] for ours, theirs in _INFERENCE.items() if ours in inference}
    specs = tool_specs(parameters.get("toolConfig"))
    if specs:
        request["tools"] = [_tool(spec) for spec in specs]
        choice = parameters["toolConfig"].get("toolChoice", {})
        if "tool" in choice:
            request["tool_choice"] = {"type": "function", "function": {"name": choice["tool"]["name"]}}
        else:
            request["tool_choice"] = "required" if "any" in choice else "auto"
    return request


def answer_from(reply: Any, parameters: Document) -> Answer:
    """Raises KeyError, IndexError, TypeError or AttributeError when the reply is no chat completion."""
    choice = reply["choices"][0]
    message = choice["message"]
    content: list[Text | ToolCall] = [Text(message["content"])] if message.get("content") else []
    for call in message.get("tool_calls") or []:
        arguments = call["function"]["arguments"]
        name = call["function"]["name"]
        made = tool_answer(parameters, name, {}).content[0]
        # Bedrock's ids are at most 64 characters of a smaller alphabet; the emulator's own are used when missing.
        identity = call.get("id") or (made.tool_use_id if isinstance(made, ToolCall) else name)
        content.append(ToolCall(identity, name, arguments if isinstance(arguments, str) else json.dumps(arguments)))
    if not message.get("tool_calls") and (spoken := _spoken_call(message.get("content"), parameters)):
        content = [spoken]
    stop_reason = _STOP_REASONS.get(choice.get("finish_reason") or "stop", "end_turn")
    if stop_reason == "end_turn" and any(isinstance(part, ToolCall) for part in content):
        stop_reason = "tool_use"
    usage = reply.get("usage") or {}
    counted = None
    if "prompt_tokens" in usage and "completion_tokens" in usage:
        counted = int(usage["prompt_tokens"]), int(usage["completion_tokens"])
    return Answer(tuple(content), stop_reason, {"forwarded_model": str(reply.get("model", ""))}, counted)


def _spoken_call(text: str | None, parameters: Document) -> ToolCall | None:
    """The call of a forced tool that a small model writes out as JSON instead of making it."""
    choice = (parameters.get("toolConfig") or {}).get("toolChoice", {})
    spec = requested_tool(parameters) if "tool" in choice or "any" in choice else None
    try:
        value = json.loads((text or "").strip().removeprefix("```json").strip("`\n "))
    except ValueError:
        return None
    if spec is None or not isinstance(value, dict):
        return None
    made = tool_answer(parameters, spec["name"], value).content[0]
    return made if isinstance(made, ToolCall) else None


def _messages(message: Document) -> list[Document]:
    """A Converse message with tool results becomes several messages: one for each result."""
    found: list[Document] = [
        {"role": "tool", "tool_call_id": result["toolUseId"], "content": _result_text(result)}
        for result in blocks_of(message, "toolResult")
    ]
    parts = [part for block in message["content"] if (part := _part(block)) is not None]
    calls = [
        {
            "id": use["toolUseId"],
            "type": "function",
            "function": {"name": use["name"], "arguments": json.dumps(use["input"])},
        }
        for use in blocks_of(message, "toolUse")
    ]
    if parts or calls:
        plain = all(part["type"] == "text" for part in parts)
        content = "\n\n".join(part["text"] for part in parts) if plain else parts
        found.append({"role": message["role"], "content": content or None, **({"tool_calls": calls} if calls else {})})
    return found


def _part(block: Document) -> Document | None:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    image = block.get("image")
    if image is not None and "bytes" in image["source"]:
        data = base64.b64encode(image["source"]["bytes"]).decode()
        return {"type": "image_url", "image_url": {"url": f"data:image/{image['format']};base64,{data}"}}
    return None


def _tool(spec: Document) -> Document:
    function = {"name": spec["name"], "parameters": spec["inputSchema"]["json"]}
    if "description" in spec:
        function["description"] = spec["description"]
    return {"type": "function", "function": function}


def _result_text(result: Document) -> str:
    texts = [part["text"] if "text" in part else json.dumps(part.get("json")) for part in result["content"]]
    prefix = "Error: " if result.get("status") == "error" else ""
    return prefix + "\n".join(texts)
