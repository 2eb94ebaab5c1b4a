"""The emulator's answer to a conversation: a tool call that is valid against its schema, or sentences of the input."""

import base64
import hashlib
import json

from bedrock_emulator.answers import Answer, Text, ToolCall
from bedrock_emulator.content_rules import blocks_of
from bedrock_emulator.documents import Document
from bedrock_emulator.json_text import text_of
from bedrock_emulator.material import read_source
from bedrock_emulator.readable import readable
from bedrock_emulator.schema_answer import answer_for
from bedrock_emulator.schema_in_prompt import schema_in
from bedrock_emulator.sentences import sentences
from bedrock_emulator.tool_rules import tool_specs

_READABLE_DOCUMENTS = ("txt", "md", "csv", "html")
_NO_TEXT = "There is no text in the request to answer from."


def compose(parameters: Document) -> Answer:
    """The answer to a checked request, before limits and stop sequences are applied.

    Raises ServiceError (ModelErrorException) when a tool's schema is beyond the emulator.
    """
    tool = requested_tool(parameters)
    if tool is not None:
        value = answer_for(tool["inputSchema"]["json"], read_source(user_text(parameters)))
        return tool_answer(parameters, tool["name"], value)
    text_format = parameters.get("outputConfig", {}).get("textFormat")
    if text_format is not None:
        schema = json.loads(text_format["structure"]["jsonSchema"]["schema"])
        return _json_answer(schema, user_text(parameters))
    # After a tool's result the answer is about the result, whatever the prompt describes.
    prompted = None if blocks_of(parameters["messages"][-1], "toolResult") else schema_in(_prompt_texts(parameters))
    if prompted is not None:
        return _json_answer(prompted.schema, "\n\n".join(prompted.texts[len(parameters.get("system", [])) :]))
    return plain_answer(parameters)


def plain_answer(parameters: Document) -> Answer:
    """The first three sentences: of a tool's result if there is one, else of the user's text."""
    results = [text for text in _result_texts(parameters["messages"][-1]) if text.strip()]
    text = readable("\n\n".join(results)) or read_source(user_text(parameters)).text
    return Answer((Text(" ".join(sentences(text)[:3]) or _NO_TEXT),), "end_turn")


def tool_answer(parameters: Document, name: str, value: Document) -> Answer:
    """A call of one tool. Its id is a hash of the request: the same request has the same id."""
    request = json.dumps(parameters, sort_keys=True, default=repr)
    digest = hashlib.sha256(f"{request}\n{name}".encode()).digest()
    tool_use_id = "tooluse_" + base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
    return Answer((ToolCall(tool_use_id, name, json.dumps(value, ensure_ascii=False)),), "tool_use")


def requested_tool(parameters: Document) -> Document | None:
    """The tool to call, or None for a text answer: the chosen one, the failed one, else the first."""
    config = parameters.get("toolConfig")
    specs = tool_specs(config)
    if not specs:
        return None
    choice = (config or {}).get("toolChoice", {})
    if "tool" in choice:
        return next((spec for spec in specs if spec["name"] == choice["tool"]["name"]), None)
    results = blocks_of(parameters["messages"][-1], "toolResult")
    failed = {result["toolUseId"] for result in results if result.get("status") == "error"}
    if results and not failed and "any" not in choice:
        return None
    uses = [use for message in parameters["messages"] for use in blocks_of(message, "toolUse")]
    retried = {use["name"] for use in uses if use["toolUseId"] in failed}
    return next((spec for spec in specs if spec["name"] in retried), specs[0])


def user_text(parameters: Document) -> str:
    """The user's text, oldest first: text, guarded text and readable documents, without tool results."""
    texts: list[str] = []
    for message in parameters["messages"]:
        if message["role"] == "user":
            for block in message["content"]:
                texts.extend(_texts_of(block))
    return "\n\n".join(texts)


def _texts_of(block: Document) -> list[str]:
    if "text" in block:
        return [block["text"]]
    if "guardContent" in block:
        return [block["guardContent"].get("text", {}).get("text", "")]
    if "searchResult" in block:
        return [part["text"] for part in block["searchResult"]["content"]]
    source = block.get("document", {}).get("source", {})
    if "bytes" in source and block["document"].get("format") in _READABLE_DOCUMENTS:
        return [source["bytes"].decode(errors="replace")]
    return [source["text"]] if "text" in source else [part["text"] for part in source.get("content", [])]


def _result_texts(message: Document) -> list[str]:
    texts: list[str] = []
    for result in blocks_of(message, "toolResult"):
        for part in result["content"]:
            texts.extend([text_of(part["json"])] if "json" in part else _texts_of(part))
    return texts


def _prompt_texts(parameters: Document) -> list[str]:
    """The system prompt, one text a block, and the user's text."""
    return [*(block.get("text", "") for block in parameters.get("system", [])), user_text(parameters)]


def _json_answer(schema: Document, text: str) -> Answer:
    """JSON that is valid against a schema, as text."""
    return Answer((Text(json.dumps(answer_for(schema, read_source(text)), ensure_ascii=False)),), "end_turn")
