"""InvokeModel of Cohere's embedding models, as AWS documents them (2026-11-28).

docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html and -v4.html
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import Field

from bedrock_emulator.documents import Document
from bedrock_emulator.errors import invalid
from bedrock_emulator.invoke_bodies import Body, read_body, schema_words
from bedrock_emulator.tokens import count_text
from bedrock_emulator.vectors import vector_of

_MOST_ITEMS = 96  # texts or images of one call
_V3_DIMENSIONS = 1024
_V3_LONGEST = 512  # tokens of a text, when it is not truncated
_V4_LONGEST = 128_000

type Kind = Literal["float", "int8", "uint8", "binary", "ubinary"]
type Image = Annotated[str, Field(pattern=r"^data:image/(jpeg|png|webp|gif);base64,")]


class _V3(Body):
    input_type: Literal["search_document", "search_query", "classification", "clustering", "image"]
    texts: list[Annotated[str, Field(max_length=2048)]] | None = Field(None, min_length=1, max_length=_MOST_ITEMS)
    images: list[Image] | None = Field(None, min_length=1, max_length=1)
    truncate: Literal["NONE", "START", "END"] = "NONE"
    embedding_types: list[Kind] | None = Field(None, min_length=1)


class _TextPart(Body):
    type: Literal["text"]
    text: str


class _ImagePart(Body):
    type: Literal["image_url"]
    image_url: Image


class _Mixed(Body):
    content: list[Annotated[_TextPart | _ImagePart, Field(discriminator="type")]] = Field(min_length=1)


class _V4(Body):
    input_type: Literal["search_document", "search_query", "classification", "clustering"]
    texts: list[str] | None = Field(None, min_length=1, max_length=_MOST_ITEMS)
    images: list[Image] | None = Field(None, min_length=1, max_length=_MOST_ITEMS)
    inputs: list[_Mixed] | None = Field(None, min_length=1, max_length=_MOST_ITEMS)
    embedding_types: list[Kind] | None = Field(None, min_length=1)
    output_dimension: Literal[256, 512, 1024, 1536] = 1536
    max_tokens: int = Field(_V4_LONGEST, ge=1, le=_V4_LONGEST)
    truncate: Literal["NONE", "LEFT", "RIGHT"] = "NONE"


def embed(base_id: str, body: bytes) -> tuple[Document, int]:
    """The response body and the number of input tokens. Raises ServiceError for a body the model refuses."""
    if base_id.startswith("cohere.embed-v4"):
        four = read_body(_V4, body, schema_words)
        _check_one(four.texts, four.images, four.inputs)
        mixed = ["\n".join(_text_of(part) for part in item.content) for item in four.inputs or []]
        longest = four.max_tokens if four.truncate == "NONE" else None
        items = [*(four.texts or []), *map(_seen, four.images or []), *mixed]
        return _answer(body, items, four.texts, four.embedding_types, four.output_dimension, longest)
    three = read_body(_V3, body, schema_words)
    _check_one(three.texts, three.images)
    longest = _V3_LONGEST if three.truncate == "NONE" else None
    items = [*(three.texts or []), *map(_seen, three.images or [])]
    return _answer(body, items, three.texts, three.embedding_types, _V3_DIMENSIONS, longest)


def _answer(
    body: bytes,
    items: list[str],
    texts: list[str] | None,
    kinds: list[Kind] | None,
    dimensions: int,
    longest: int | None,
) -> tuple[Document, int]:
    sizes = [count_text(item) for item in items]
    if longest is not None and max(sizes) > longest:
        raise invalid(f"400 Bad Request: too many tokens: {max(sizes)} is over the limit of {longest} for each text")
    vectors = [vector_of(item, dimensions) for item in items]
    answer: Document = {
        "id": hashlib.sha256(body).hexdigest()[:32],
        "response_type": "embeddings_by_type" if kinds else "embeddings_floats",
        "embeddings": {kind: list(map(_FORMS[kind], vectors)) for kind in kinds} if kinds else vectors,
    }
    if texts is not None:
        answer["texts"] = texts
    return answer, sum(sizes)


def _check_one(*given: object) -> None:
    """Texts, images or inputs: one of them."""
    if sum(value is not None for value in given) != 1:
        raise invalid(
            "Malformed input request: #: exactly one of texts, images and inputs is required, "
            "please reformat your input and try again."
        )


def _text_of(part: _TextPart | _ImagePart) -> str:
    return part.text if isinstance(part, _TextPart) else _seen(part.image_url)


def _seen(image: str) -> str:
    """Words that stand for an image, whose pixels are not read."""
    return f"image {hashlib.sha256(image.encode()).hexdigest()}"


def _packed(vector: list[float]) -> list[int]:
    """One bit for each coordinate, eight in a byte."""
    bits = [int(x > 0) for x in vector]
    return [int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8)]


_FORMS: dict[Kind, Callable[[list[float]], list[float]]] = {
    "float": lambda vector: vector,
    "int8": lambda vector: [round(x * 127) for x in vector],
    "uint8": lambda vector: [round(x * 127) + 128 for x in vector],
    "binary": lambda vector: [byte - 128 for byte in _packed(vector)],
    "ubinary": lambda vector: [*_packed(vector)],
}
