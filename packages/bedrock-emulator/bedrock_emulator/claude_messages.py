"""InvokeModel of Claude: Anthropic's Messages API, as AWS documents it for Bedrock (2026-11-28).

docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
A request is translated to Converse, whose rules and answers it shares, and the answer is translated back.
"""

import hashlib
import re
from typing import Annotated, Any, Literal

from pydantic import Base64Bytes, Field

from bedrock_emulator.answers import Answer, Text
from bedrock_emulator.documents import Document
from bedrock_emulator.errors import invalid
from bedrock_emulator.invoke_bodies import Body, anthropic_words, read_body

_FIELDS = ("thinking", "top_k", "output_config", "anthropic_beta", "context_management")
# AWS documents bedrock-2023-05-31; Anthropic's SDK 2.14.0 sends the date of an API version.
_VERSION = re.compile(r"(bedrock-)?20\d\d-\d\d-\d\d")
_STOP_REASONS = {"content_filtered": "refusal", "guardrail_intervened": "refusal"}


class _Cached(Body):
    cache_control: dict[str, Any] | None = None


class _Text(_Cached):
    type: Literal["text"]
    text: str
    citations: Any = None


class _Base64(Body):
    type: Literal["base64"]
    media_type: Literal["image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"]
    data: Base64Bytes


class _PlainText(Body):
    type: Literal["text"]
    media_type: Literal["text/plain"]
    data: str


class _Image(_Cached):
    type: Literal["image"]
    source: _Base64


class _Document(_Cached):
    type: Literal["document"]
    source: Annotated[_Base64 | _PlainText, Field(discriminator="type")]
    title: str | None = None
    context: str | None = None
    citations: Any = None


class _ToolUse(_Cached):
    type: Literal["tool_use"]
    id: str = Field(pattern=r"^[a-zA-Z0-9_-]+$")
    name: str = Field(max_length=200)
    input: dict[str, Any]


class _ToolResult(_Cached):
    type: Literal["tool_result"]
    tool_use_id: str = Field(pattern=r"^[a-zA-Z0-9_-]+$")
    content: str | list[Annotated[_Text | _Image | _Document, Field(discriminator="type")]] = ""
    is_error: bool = False


class _Thinking(Body):
    type: Literal["thinking"]
    thinking: str
    signature: str


type _Block = Annotated[_Text | _Image | _Document | _ToolUse | _ToolResult | _Thinking, Field(discriminator="type")]


class _Message(Body):
    role: Literal["user", "assistant"]
    content: str | list[_Block]


class _Tool(_Cached):
    type: Literal["custom"] = "custom"
    name: str = Field(pattern=r"^[a-zA-Z0-9_-]{1,128}$")
    description: str | None = None
    input_schema: dict[str, Any]
    strict: bool | None = None


class _Choice(Body):
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class _Request(Body):
    anthropic_version: str
    max_tokens: int = Field(ge=1)
    messages: list[_Message] = Field(min_length=1)
    system: str | list[_Text] | None = None
    temperature: float | None = Field(None, ge=0, le=1)
    top_p: float | None = Field(None, ge=0, le=1)
    top_k: int | None = Field(None, ge=0)
    stop_sequences: list[str] | None = None
    tools: list[_Tool] | None = None
    tool_choice: _Choice | None = None
    thinking: dict[str, Any] | None = None
    output_config: dict[str, Any] | None = None
    anthropic_beta: list[str] | None = None
    context_management: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


def converse_parameters(model_id: str, body: bytes) -> Document:
    """The same request in the words of Converse. Raises ServiceError for a body that Claude refuses."""
    request = read_body(_Request, body, anthropic_words)
    if not _VERSION.fullmatch(request.anthropic_version):
        raise invalid(f"Invalid API version: {request.anthropic_version}")
    inference = {
        "maxTokens": request.max_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": request.stop_sequences,
    }
    fields = {name: value for name in _FIELDS if (value := getattr(request, name)) is not None}
    parameters: Document = {
        "modelId": model_id,
        "messages": _messages(request.messages),
        "inferenceConfig": {name: value for name, value in inference.items() if value is not None},
    }
    if fields:
        parameters["additionalModelRequestFields"] = fields
    if request.system is not None:
        system = [_Text(type="text", text=request.system)] if isinstance(request.system, str) else request.system
        parameters["system"] = [part for block in system for part in _with_cache({"text": block.text}, block)]
    if request.tools and (request.tool_choice is None or request.tool_choice.type != "none"):
        parameters["toolConfig"] = _tool_config(request.tools, request.tool_choice)
    return parameters


def messages_answer(base_id: str, answer: Answer, usage: Document) -> Document:
    """The body of the response."""
    content = [
        {"type": "text", "text": part.text}
        if isinstance(part, Text)
        else {"type": "tool_use", "id": part.tool_use_id, "name": part.name, "input": part.block()["toolUse"]["input"]}
        for part in answer.content
    ]
    digest = hashlib.sha256(repr((base_id, content)).encode()).hexdigest()
    return {
        "id": f"msg_bdrk_{digest[:24]}",
        "type": "message",
        "role": "assistant",
        "model": base_id.removeprefix("anthropic.").partition("-v1")[0],
        "content": content,
        "stop_reason": _STOP_REASONS.get(answer.stop_reason, answer.stop_reason),
        "stop_sequence": answer.fields.get("stop_sequence"),
        "usage": {
            "input_tokens": usage["inputTokens"],
            "cache_creation_input_tokens": usage["cacheWriteInputTokens"],
            "cache_read_input_tokens": usage["cacheReadInputTokens"],
            "output_tokens": usage["outputTokens"],
        },
    }


def _messages(messages: list[_Message]) -> list[Document]:
    """The turns of Converse: messages of one role in a row, which this API allows, are one turn."""
    turns: list[Document] = []
    names = (f"document-{number}" for number in range(1, 1_000_000))
    for message in messages:
        blocks = [_Text(type="text", text=message.content)] if isinstance(message.content, str) else message.content
        content = [part for block in blocks for part in _with_cache(_block(block, next(names)), block)]
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"].extend(content)
        else:
            turns.append({"role": message.role, "content": content})
    return turns


def _block(block: Any, name: str) -> Document:
    match block:
        case _Text():
            return {"text": block.text}
        case _Image():
            return {
                "image": {"format": block.source.media_type.partition("/")[2], "source": {"bytes": block.source.data}}
            }
        case _Document(source=_PlainText() as page):
            given: Document = {"format": "txt", "name": name, "source": {"bytes": page.data.encode()}}
            return {"document": given}
        case _Document():
            return {"document": {"format": "pdf", "name": name, "source": {"bytes": block.source.data}}}
        case _ToolUse():
            return {"toolUse": {"toolUseId": block.id, "name": block.name, "input": block.input}}
        case _ToolResult():
            inner = [_Text(type="text", text=block.content)] if isinstance(block.content, str) else block.content
            parts = [_block(part, f"{name}-{at}") for at, part in enumerate(inner)]
            status = "error" if block.is_error else "success"
            return {"toolResult": {"toolUseId": block.tool_use_id, "content": parts, "status": status}}
        case _:
            return {"reasoningContent": {"reasoningText": {"text": block.thinking, "signature": block.signature}}}


def _with_cache(part: Document, block: Body) -> list[Document]:
    control = getattr(block, "cache_control", None)
    if control is None:
        return [part]
    return [part, {"cachePoint": {"type": "default", "ttl": control.get("ttl", "5m")}}]


def _tool_config(tools: list[_Tool], choice: _Choice | None) -> Document:
    specs: list[Document] = []
    for tool in tools:
        spec: Document = {"name": tool.name, "inputSchema": {"json": tool.input_schema}, "strict": tool.strict}
        specs.extend(_with_cache({"toolSpec": spec}, tool))
    config: Document = {"tools": specs}
    if choice is not None:
        config["toolChoice"] = {choice.type: {"name": choice.name} if choice.type == "tool" else {}}
    return config
