"""Rules of Converse on the order of turns, and on tool calls and their results."""

from itertools import pairwise

from bedrock_emulator.content_rules import blocks_of, check_content
from bedrock_emulator.documents import Document
from bedrock_emulator.model_table import ModelRules
from bedrock_emulator.parameter_rules import check_parameters
from bedrock_emulator.rules import broken
from bedrock_emulator.tool_rules import check_tools


def check_conversation(model: ModelRules, parameters: Document, *, stream: bool = False) -> None:
    """Raises ServiceError at the first broken rule of the service or of the model."""
    if model.kind != "chat":
        raise broken("not-chat")
    messages: list[Document] = parameters.get("messages", [])
    tool_config = parameters.get("toolConfig")
    if tool_config is not None:
        check_tools(model, tool_config, stream=stream)
    elif any(blocks_of(message, "toolUse") or blocks_of(message, "toolResult") for message in messages):
        raise broken("tool-blocks-without-tools")
    _check_turns(messages)
    check_content(model, parameters)
    _check_tool_turns(messages)
    _check_last_turn(model, messages[-1])
    check_parameters(model, parameters)


def _check_turns(messages: list[Document]) -> None:
    roles = [message["role"] for message in messages if message["role"] != "system"]
    if not roles:
        raise broken("empty-conversation")
    if roles[0] != "user":
        raise broken("starts-with-user")
    if any(first == second for first, second in pairwise(roles)):
        raise broken("roles-alternate")


def _check_tool_turns(messages: list[Document]) -> None:
    asked: list[str] = []
    for index, message in enumerate(messages):
        if message["role"] == "system":
            continue
        answered = _ids(message, "toolResult", index)
        missing = [tool_use_id for tool_use_id in asked if tool_use_id not in answered]
        if missing:
            raise broken("tool-result-missing", at=f"messages.{index}.content", ids=", ".join(missing))
        if set(answered) - set(asked):
            raise broken("tool-result-surplus", at=f"messages.{index}.content")
        asked = _ids(message, "toolUse", index)
    if asked:
        raise broken("tool-result-missing", at=f"messages.{len(messages)}.content", ids=", ".join(asked))


def _ids(message: Document, kind: str, index: int) -> list[str]:
    """The ids of a message's tool calls or results, each once."""
    ids = [str(block["toolUseId"]) for block in blocks_of(message, kind)]
    twice = sorted({identity for identity in ids if ids.count(identity) > 1})
    if twice:
        raise broken("tool-blocks-duplicate", kind=kind, at=f"messages.{index}.content", ids=", ".join(twice))
    return ids


def _check_last_turn(model: ModelRules, message: Document) -> None:
    """The assistant's turn last asks the model to continue it, which few models do."""
    if message["role"] != "assistant":
        return
    if not model.prefill:
        raise broken("no-prefill" if model.thinking else "ends-with-user")
    last = message["content"][-1].get("text", "")
    if last != last.rstrip():
        raise broken("prefill-trailing-blank")
