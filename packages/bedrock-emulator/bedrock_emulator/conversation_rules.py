"""Rules of Converse that the service model does not carry: turns, tool blocks, tool configuration."""

from itertools import pairwise
from typing import Any

from bedrock_emulator.documents import Document
from bedrock_emulator.errors import invalid
from bedrock_emulator.schema_check import schema_fault


def check_conversation(parameters: Document) -> None:
    """Raises ServiceError (ValidationException) with the service's own wording at the first broken rule."""
    messages: list[Document] = parameters.get("messages", [])
    tool_config = parameters.get("toolConfig")
    if tool_config is not None:
        _check_tools(tool_config)
    _check_turns(messages)
    _check_blocks(messages)
    _check_tool_turns(messages)
    if tool_config is None and any(blocks_of(m, "toolUse") or blocks_of(m, "toolResult") for m in messages):
        raise invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")


def blocks_of(message: Document, kind: str) -> list[Any]:
    """The values of a message's content blocks of one kind: text, toolUse, toolResult, ..."""
    return [block[kind] for block in message["content"] if kind in block]


def tool_specs(tool_config: Document | None) -> list[Document]:
    return [tool["toolSpec"] for tool in (tool_config or {}).get("tools", []) if "toolSpec" in tool]


def _check_tools(tool_config: Document) -> None:
    specs = tool_specs(tool_config)
    names = [spec["name"] for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise invalid(f"The tool name {name} is used more than once in toolConfig.tools. Names must be unique.")
    for index, spec in enumerate(specs):
        fault = schema_fault(spec["inputSchema"].get("json"))
        if fault:
            raise invalid(
                f"The value at toolConfig.tools.{index}.toolSpec.inputSchema.json is invalid: {fault}. "
                "Provide a JSON schema whose type is object."
            )
    tool_name = tool_config.get("toolChoice", {}).get("tool", {}).get("name")
    known = names + [tool["systemTool"]["name"] for tool in tool_config["tools"] if "systemTool" in tool]
    if tool_name is not None and tool_name not in known:
        raise invalid(f"The tool {tool_name} named in toolConfig.toolChoice is not in toolConfig.tools.")


def _check_turns(messages: list[Document]) -> None:
    roles = [m["role"] for m in messages if m["role"] != "system"]
    if not roles:
        raise invalid("The messages field must hold at least one user message.")
    if roles[0] != "user":
        raise invalid(
            "A conversation must start with a user message. "
            "Try again with a conversation that starts with a user message."
        )
    if any(first == second for first, second in pairwise(roles)):
        raise invalid(
            "A conversation must alternate between user and assistant roles. "
            "Make sure the conversation alternates between user and assistant roles and try again."
        )


def _check_blocks(messages: list[Document]) -> None:
    for index, message in enumerate(messages):
        if not message["content"]:
            raise invalid(
                f"The content field in the Message object at messages.{index} is empty. "
                "Add a ContentBlock object to the content field and try again."
            )
        for position, block in enumerate(message["content"]):
            if "text" in block and not block["text"].strip():
                raise invalid(
                    f"The text field in the ContentBlock object at messages.{index}.content.{position} is blank. "
                    "Add text to the text field, and try again."
                )
            wrong_side = "toolResult" if message["role"] == "assistant" else "toolUse"
            if wrong_side in block:
                raise invalid(
                    f"The {wrong_side} block at messages.{index}.content.{position} "
                    f"is not allowed in a message of the {message['role']} role."
                )


def _check_tool_turns(messages: list[Document]) -> None:
    asked: list[str] = []
    for index, message in enumerate(m for m in messages if m["role"] != "system"):
        answered = [result["toolUseId"] for result in blocks_of(message, "toolResult")]
        missing = [tool_use_id for tool_use_id in asked if tool_use_id not in answered]
        if missing:
            raise invalid(
                f"Expected toolResult blocks at messages.{index}.content for the following Ids: {', '.join(missing)}"
            )
        if len(answered) > len(asked) or set(answered) - set(asked):
            raise invalid(
                f"The number of toolResult blocks at messages.{index}.content "
                "exceeds the number of toolUse blocks of previous turn."
            )
        asked = [use["toolUseId"] for use in blocks_of(message, "toolUse")]
    if asked:
        raise invalid(
            f"Expected toolResult blocks at messages.{len(messages)}.content for the following Ids: {', '.join(asked)}"
        )
