"""Requests to chat models and their answers, independent of the API that carries them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from pipeline.models.catalogue import Model
from pipeline.models.prices import Usage
from pipeline.models.stage_config import Guardrail


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model can call. Its input is JSON that fits ``input_schema``."""

    name: str
    description: str
    input_schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool in an answer."""

    id: str
    name: str
    input: object
    """JSON as the model wrote it: not validated."""


@dataclass(frozen=True, slots=True)
class UserText:
    """A user's turn. ``guarded`` text is the caller's document, which a guardrail evaluates."""

    text: str
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class AssistantTurn:
    """A model's turn, kept as the API returned it, so that it can be sent back unchanged."""

    content: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ToolErrors:
    """The user's turn after tool calls that were rejected: every call is answered, as the API requires."""

    call_ids: tuple[str, ...]
    explanation: str


type Turn = UserText | AssistantTurn | ToolErrors


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request to a chat model."""

    model: Model
    system: str
    turns: tuple[Turn, ...]
    tool: Tool | None
    """A tool that the model must call; models that refuse a forced tool are instructed in words."""
    inference: Mapping[str, float | int]
    """Converse's ``inferenceConfig``: ``maxTokens``, and ``temperature`` or ``topP`` where the model accepts them."""
    guardrail: Guardrail | None = None
    service_tier: str | None = None
    prompt_caching: bool = False
    """Marks the end of the constant prefix, tool and system prompt, for Bedrock's prompt cache."""
    metadata: Mapping[str, str] | None = None
    """Identifiers in Bedrock's own invocation log, by which a bill can be traced to its owner."""

    def with_turns(self, *turns: Turn) -> "ChatRequest":
        """The request with more turns at its end."""
        return replace(self, turns=(*self.turns, *turns))


StopReason = Literal["complete", "max_tokens", "context_window_exceeded", "content_blocked"]
"""Why the model stopped. After all but ``complete`` the answer is unusable, and asking again would not change it."""


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """One answer of a chat model."""

    turn: AssistantTurn
    tool_calls: tuple[ToolCall, ...]
    stop_reason: StopReason
    usage: Usage
