"""InvokeModel of amazon.titan-embed-text-v2:0."""

import json
from typing import Any

from bedrock_emulator.documents import Document
from bedrock_emulator.errors import invalid
from bedrock_emulator.tokens import count_text
from bedrock_emulator.vectors import vector_of

MODEL = "amazon.titan-embed-text-v2:0"
_DIMENSIONS = (256, 512, 1024)
_TYPES = ("float", "binary")
_LONGEST = 50_000  # characters, the model's limit
_MOST_TOKENS = 8192
_NEXT = ", please reformat your input and try again."


def embed(body: bytes) -> tuple[Document, int]:
    """The response body and the number of input tokens. Raises ServiceError for a body the model refuses."""
    request = _checked(body)
    vector = vector_of(request["inputText"], request.get("dimensions", 1024), unit=request.get("normalize", True))
    tokens = count_text(request["inputText"])
    if tokens > _MOST_TOKENS:
        counts = f"Max input tokens: {_MOST_TOKENS}, request input token count: {tokens}"
        raise invalid(f"400 Bad Request: Too many input tokens. {counts}")
    forms: Document = {"float": vector, "binary": [int(x > 0) for x in vector]}
    by_type = {kind: forms[kind] for kind in request.get("embeddingTypes", ["float"])}
    answer: Document = {"embeddingsByType": by_type, "inputTextTokenCount": tokens}
    if "float" in by_type:
        answer = {"embedding": vector, **answer}
    return answer, tokens


def _checked(body: bytes) -> Document:
    try:
        request: Any = json.loads(body)
    except ValueError as exc:
        raise invalid(f"Malformed input request: the body is not JSON{_NEXT}") from exc
    if not isinstance(request, dict):
        raise invalid(f"Malformed input request: expected type: JSONObject{_NEXT}")
    unknown = set(request) - {"inputText", "dimensions", "normalize", "embeddingTypes"}
    if unknown:
        raise invalid(f"Malformed input request: extraneous key [{min(unknown)}] is not permitted{_NEXT}")
    text = request.get("inputText")
    if not isinstance(text, str) or not text:
        raise invalid(f"Malformed input request: required key [inputText] not found, or it is no text{_NEXT}")
    if len(text) > _LONGEST:
        raise invalid(f"Malformed input request: expected maxLength: {_LONGEST}, actual: {len(text)}{_NEXT}")
    if request.get("dimensions", 1024) not in _DIMENSIONS:
        raise invalid(f"Malformed input request: dimensions must be one of {list(_DIMENSIONS)}{_NEXT}")
    if not isinstance(request.get("normalize", True), bool):
        raise invalid(f"Malformed input request: normalize must be true or false{_NEXT}")
    types = request.get("embeddingTypes", ["float"])
    if not isinstance(types, list) or not types or any(kind not in _TYPES for kind in types):
        raise invalid(f"Malformed input request: embeddingTypes must be a list of {list(_TYPES)}{_NEXT}")
    return request
