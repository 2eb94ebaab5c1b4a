"""Token counts of texts and requests, and texts cut to a number of tokens."""

import json
import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

from bedrock_emulator.documents import Document
from bedrock_emulator.vocabularies import USUAL, Vocabulary, runs, tokens_of

MESSAGE_OVERHEAD = 4  # tokens for the role and the frame of a message
TOOL_OVERHEAD = 12  # tokens around a tool definition or a tool call
_BYTES_PER_TOKEN = 750  # of an image or a PDF; the vendors count pixels and pages, which are not read here


# A system prompt and a tool schema come with every call, and are counted for every one.
@lru_cache(maxsize=512)
def count_text(text: str, vocabulary: Vocabulary = USUAL) -> int:
    return _whole(tokens_of(text, vocabulary))


def cut_text(text: str, tokens: int, vocabulary: Vocabulary = USUAL) -> str:
    """The beginning of a text that is at most so many tokens long."""
    used = 0.0
    for start, length, cost in runs(text, vocabulary):
        if _whole(used + cost) > tokens:
            # A run can be a page of Chinese: a part of it fits.
            fitting = int(length * max(0.0, tokens - used) / cost)
            return _shortened(text[: start + fitting], tokens, vocabulary)
        used += cost
    return text


def _shortened(text: str, tokens: int, vocabulary: Vocabulary) -> str:
    """The text without the last characters that make it too long: the first ones of a run cost more than the others."""
    text = text.rstrip()
    while text and count_text(text, vocabulary) > tokens:
        text = text[:-1].rstrip()
    return text


def _whole(tokens: float) -> int:
    return math.ceil(tokens - 1e-6)  # sums of fractions in another order differ in their last digits


def request_parts(parameters: Document, vocabulary: Vocabulary) -> Iterator[tuple[str, int, Document | None]]:
    """The request in the order in which a model reads it: (content, tokens, the cache point if it is one)."""
    for tool in parameters.get("toolConfig", {}).get("tools", []):
        yield _part(tool, TOOL_OVERHEAD, vocabulary)
    for block in parameters.get("system", []):
        yield _part(block, 0, vocabulary)
    for message in parameters.get("messages", []):
        yield message["role"], MESSAGE_OVERHEAD, None
        for block in message["content"]:
            yield _part(block, 0, vocabulary)


def count_request(parameters: Document, vocabulary: Vocabulary = USUAL) -> int:
    return sum(tokens for _, tokens, _ in request_parts(parameters, vocabulary))


def fragments(text: str, count: int) -> list[str]:
    """A text in some `count` pieces that together are the text, for streaming it."""
    step = max(1, -(-len(text) // count))
    bounds = [0, *accumulate(step for _ in range(-(-len(text) // step)))]
    return [text[start:end] for start, end in pairwise(bounds)]


def _part(block: Document, overhead: int, vocabulary: Vocabulary) -> tuple[str, int, Document | None]:
    if "cachePoint" in block:
        return "", 0, block["cachePoint"]
    size = sum(_binary_tokens(item) for item in _binaries(block))
    text = block["text"] if isinstance(block.get("text"), str) else json.dumps(block, sort_keys=True, default=_digest)
    return text, count_text(text, vocabulary) + size + overhead, None


def _binaries(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _binaries(item)
    elif isinstance(value, list):
        for item in value:
            yield from _binaries(item)


def _binary_tokens(data: bytes) -> int:
    return max(1, len(data) // _BYTES_PER_TOKEN)


def _digest(data: Any) -> str:
    """Stands for binary content in a text form of the request, so that other bytes are another request."""
    import hashlib

    return hashlib.sha256(data).hexdigest()[:8] if isinstance(data, bytes) else str(data)
