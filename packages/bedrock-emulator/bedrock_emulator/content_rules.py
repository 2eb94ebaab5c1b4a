"""Rules of Converse on the content of messages: text, tool blocks, documents, images, cache points."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from bedrock_emulator.documents import Document
from bedrock_emulator.model_table import ModelRules
from bedrock_emulator.rules import broken

_DOCUMENT_NAME = re.compile(r"[A-Za-z0-9_\-()\[\]]*( [A-Za-z0-9_\-()\[\]]+)* ?")
_MOST_DOCUMENTS = 5
_LARGEST_DOCUMENT = 4_500_000  # bytes; PDF files for Claude 4 and Nova may be larger
_LARGEST_IMAGE = 3_750_000  # bytes
_MOST_CACHE_POINTS = 4
_USERS_ONLY = ("toolResult", "image", "document", "video", "audio")
_IMAGE_STARTS = {"png": b"\x89PNG", "jpeg": b"\xff\xd8\xff", "gif": b"GIF8", "webp": b"RIFF"}

type Place = tuple[str, Document]
"""A block and its path, such as messages.0.content.1."""


def blocks_of(message: Document, kind: str) -> list[Any]:
    """The values of a message's content blocks of one kind: text, toolUse, toolResult, ..."""
    return [block[kind] for block in message["content"] if kind in block]


def check_content(model: ModelRules, parameters: Document) -> None:
    """Raises ServiceError (ValidationException) at the first broken rule."""
    _check_system(model, parameters.get("system", []))
    places: list[Place] = []
    for index, message in enumerate(parameters["messages"]):
        found = [(f"messages.{index}.content.{at}", block) for at, block in enumerate(message["content"])]
        if not found:
            raise broken("content-empty", at=f"messages.{index}")
        for path, block in found:
            _check_block(model, message["role"], path, block)
        if blocks_of(message, "document") and not blocks_of(message, "text"):
            raise broken("document-without-text")
        _check_cache_after_document(found)
        places.extend(found)
        places.extend(inner for path, block in found for inner in _inside_result(path, block))
    _check_documents(model, [place for place in places if "document" in place[1]])
    _check_images(model, [place for place in places if "image" in place[1]])
    _check_cache_points(model, parameters)


def _check_system(model: ModelRules, system: list[Document]) -> None:
    if system and not model.system_prompt:
        raise broken("system-unsupported")
    for index, block in enumerate(system):
        if "text" in block and not block["text"].strip():
            raise broken("system-blank", at=f"system.{index}")


def _check_block(model: ModelRules, role: str, path: str, block: Document) -> None:
    if "text" in block and not block["text"].strip():
        raise broken("text-blank", at=path)
    refused = _USERS_ONLY if role == "assistant" else ("toolUse", "reasoningContent") if role == "user" else ()
    for kind in refused:
        if kind in block:
            raise broken("wrong-side", kind=kind, at=path, role=role)
    if "toolUse" in block:
        _check_json(block["toolUse"].get("input"), f"{path}.toolUse.input")
    if "toolResult" in block:
        _check_tool_result(block["toolResult"], f"{path}.toolResult")
    if ("video" in block or "audio" in block) and not model.video:
        raise broken("block-unsupported", kind=next(iter(block)))
    signature = block.get("reasoningContent", {}).get("reasoningText", {}).get("signature")
    if signature is not None and not model.thinking:
        raise broken("signature-unsupported")


def _check_tool_result(result: Document, path: str) -> None:
    if not result["content"]:
        raise broken("tool-result-error-empty" if result.get("status") == "error" else "tool-result-empty", at=path)
    for index, part in enumerate(result["content"]):
        # Reports disagree on blanks and on [] (NousResearch/hermes-agent#55092 saw both taken): the strict side.
        if "text" in part and not part["text"].strip():
            raise broken("tool-result-blank")
        if "json" in part:
            _check_json(part["json"], f"{path}.content.{index}.json")


def _check_json(value: Any, path: str) -> None:
    if not isinstance(value, dict):
        raise broken("not-a-json-object", at=path)
    if _has_key(value, "__type"):
        raise broken("json-type-key", at=path)


def _has_key(value: Any, name: str) -> bool:
    """Whether an object at any depth has a member of this name."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if name in item:
                return True
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
    return False


def _inside_result(path: str, block: Document) -> Iterator[Place]:
    for index, part in enumerate(block.get("toolResult", {}).get("content", [])):
        yield f"{path}.toolResult.content.{index}", part


def _check_documents(model: ModelRules, places: list[Place]) -> None:
    if places and not model.documents:
        raise broken("block-unsupported", kind="document")
    if len(places) > _MOST_DOCUMENTS:
        raise broken("too-many-documents")
    names: set[str] = set()
    for path, block in places:
        document = block["document"]
        if not document["name"].strip() or not _DOCUMENT_NAME.fullmatch(document["name"]):
            raise broken("document-name")
        if document["name"] in names:
            raise broken("document-name-duplicate")
        names.add(document["name"])
        source = document["source"]
        if len(source.get("bytes", b"")) > _LARGEST_DOCUMENT and document.get("format") != "pdf":
            raise broken("document-too-large", at=path)
        if ("text" in source or "content" in source) and not document.get("citations", {}).get("enabled"):
            raise broken("document-without-citations", at=path)


def _check_images(model: ModelRules, places: list[Place]) -> None:
    if places and not model.images:
        raise broken("block-unsupported", kind="image")
    if len(places) > model.images:
        raise broken("too-many-images", count=len(places), limit=model.images)
    for path, block in places:
        data, named = block["image"]["source"].get("bytes"), block["image"]["format"]
        if data is None:
            continue
        if len(data) > _LARGEST_IMAGE:
            raise broken("image-too-large", at=path)
        actual = next((name for name, start in _IMAGE_STARTS.items() if data.startswith(start)), None)
        if actual is None:
            raise broken("image-unreadable", at=path)
        if actual != named:
            raise broken("image-format", at=path, named=named, actual=actual)


def _check_cache_points(model: ModelRules, parameters: Document) -> None:
    """Cache points in the order in which a model reads them: tools, system prompt, messages."""
    places = [(f"toolConfig.tools.{i}", b) for i, b in enumerate(parameters.get("toolConfig", {}).get("tools", []))]
    places += [(f"system.{i}", b) for i, b in enumerate(parameters.get("system", []))]
    places += [
        (f"messages.{index}.content.{at}", block)
        for index, message in enumerate(parameters["messages"])
        for at, block in enumerate(message["content"])
    ]
    points = [(path, block["cachePoint"].get("ttl", "5m")) for path, block in places if "cachePoint" in block]
    if points and model.cache_minimum is None:
        raise broken("cache-unsupported")
    if len(points) > _MOST_CACHE_POINTS:
        raise broken("too-many-cache-points", count=len(points))
    short = False
    for path, ttl in points:
        if short and ttl == "1h":
            raise broken("cache-lifetime-order", at=path)
        short = short or ttl == "5m"


def _check_cache_after_document(places: list[Place]) -> None:
    for (_, before), (path, block) in pairwise(places):
        if "cachePoint" in block and before.get("document", {}).get("format", "pdf") != "pdf":
            raise broken("cache-after-document", at=path)
