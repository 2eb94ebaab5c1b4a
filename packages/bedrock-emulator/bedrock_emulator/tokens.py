"""Token counts: an estimate from the words of a text, the same every time.

Roughly what Claude's tokenizer gives for English: a word of up to six characters is one token, a longer one gets
one more for every six, and each punctuation mark is a token.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any

from bedrock_emulator.documents import Document

_PIECE = re.compile(r"\w+|[^\w\s]")
_CHARACTERS_PER_TOKEN = 6
MESSAGE_OVERHEAD = 4  # tokens for the role and the frame of a message
TOOL_OVERHEAD = 12  # tokens around a tool definition or a tool call
_BYTES_PER_TOKEN = 750  # of an image or a PDF; the vendors count pixels and pages, which are not read here


# A system prompt and a tool schema come with every call, and are counted for every one.
@lru_cache(maxsize=512)
def count_text(text: str) -> int:
    return sum(_size(match.group()) for match in _PIECE.finditer(text))


def cut_text(text: str, tokens: int) -> str:
    """The beginning of a text that is at most so many tokens long."""
    used = 0
    for match in _PIECE.finditer(text):
        used += _size(match.group())
        if used > tokens:
            return text[: match.start()].rstrip()
    return text


def request_parts(parameters: Document) -> Iterator[tuple[str, int, Document | None]]:
    """The request in the order in which a model reads it: (content, tokens, the cache point if it is one)."""
    for tool in parameters.get("toolConfig", {}).get("tools", []):
        yield _part(tool, TOOL_OVERHEAD)
    for block in parameters.get("system", []):
        yield _part(block, 0)
    for message in parameters.get("messages", []):
        yield message["role"], MESSAGE_OVERHEAD, None
        for block in message["content"]:
            yield _part(block, 0)


def count_request(parameters: Document) -> int:
    return sum(tokens for _, tokens, _ in request_parts(parameters))


def fragments(text: str, count: int) -> list[str]:
    """A text in some `count` pieces that together are the text, for streaming it."""
    step = max(1, -(-len(text) // count))
    bounds = [0, *accumulate(step for _ in range(-(-len(text) // step)))]
    return [text[start:end] for start, end in pairwise(bounds)]


def _part(block: Document, overhead: int) -> tuple[str, int, Document | None]:
    if "cachePoint" in block:
        return "", 0, block["cachePoint"]
    size = sum(_binary_tokens(item) for item in _binaries(block))
    text = block["text"] if isinstance(block.get("text"), str) else json.dumps(block, sort_keys=True, default=_digest)
    return text, count_text(text) + size + overhead, None


def _size(piece: str) -> int:
    return 1 + (len(piece) - 1) // _CHARACTERS_PER_TOKEN


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
