"""InvokeModel in the vendors' own shapes: Claude's messages and Cohere's embeddings."""

import asyncio
import base64
import json
from typing import Any

import pytest
from bedrock_emulator.call_log import Call
from bedrock_emulator.emulator import Emulator
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.invoking import invoke
from bedrock_emulator.model_rules import find_model
from bedrock_emulator.service_model import ServiceDescription

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
V3 = "cohere.embed-multilingual-v3"
V4 = "us.cohere.embed-v4:0"
PIXEL = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
SCHEMA = {"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}
USER = {"role": "user", "content": "The kettle cost 49.50 dollars. It leaks."}
MESSAGE: dict[str, Any] = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 300, "messages": [USER]}
TEXTS: dict[str, Any] = {"texts": ["a wrong credit report", "the weather"], "input_type": "search_document"}


def answer(model: str, body: Any) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    emulator = Emulator(ServiceDescription.load())
    return asyncio.run(invoke(emulator, Call(1, "InvokeModel"), find_model(model), raw, None, began=0.0))


def refusal(model: str, body: Any) -> str:
    with pytest.raises(ServiceError) as caught:
        answer(model, body)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_claude_answers_in_the_shape_of_its_messages() -> None:
    found = answer(CLAUDE, MESSAGE | {"system": "Be brief.", "temperature": 0.5, "stop_sequences": ["STOP"]})
    assert found["content"] == [{"type": "text", "text": "The kettle cost 49.50 dollars. It leaks."}]
    assert (found["type"], found["role"], found["model"]) == ("message", "assistant", "claude-haiku-4-5-20251001")
    assert (found["stop_reason"], found["stop_sequence"]) == ("end_turn", None)
    assert found["id"].startswith("msg_bdrk_")
    assert found["usage"]["input_tokens"] > 10 < found["usage"]["output_tokens"]


def test_claude_calls_a_tool_and_reads_its_result() -> None:
    tools = {"tools": [{"name": "file", "input_schema": SCHEMA}], "tool_choice": {"type": "tool", "name": "file"}}
    first = answer(CLAUDE, MESSAGE | tools)
    (used,) = first["content"]
    assert (used["type"], used["name"], used["input"]) == ("tool_use", "file", {"price": 49.5})
    assert first["stop_reason"] == "tool_use"
    result = {"type": "tool_result", "tool_use_id": used["id"], "content": "Filed as number 7."}
    turns = [USER, {"role": "assistant", "content": first["content"]}, {"role": "user", "content": [result]}]
    second = answer(CLAUDE, MESSAGE | tools | {"tool_choice": {"type": "auto"}, "messages": turns})
    assert second["content"][0]["text"] == "Filed as number 7."


def test_claude_takes_turns_of_one_role_documents_images_and_cached_prefixes() -> None:
    cached = {"cache_control": {"type": "ephemeral"}}
    picture = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(b"\x89PNG").decode()}
    page = {"type": "text", "media_type": "text/plain", "data": "The boiler failed on Monday."}
    content = [
        {"type": "document", "source": page},
        {"type": "image", "source": picture},
        {"type": "text", "text": "Why?"},
    ]
    system = [{"type": "text", "text": "Handle complaints with care. " * 900, **cached}]
    found = answer(CLAUDE, MESSAGE | {"system": system, "messages": [USER, {"role": "user", "content": content}]})
    assert found["usage"]["cache_creation_input_tokens"] > 4096


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Malformed input request"),
        (b'{"max_tokens": NaN}', "NaN"),
        ({name: value for name, value in MESSAGE.items() if name != "max_tokens"}, "max_tokens: Field required"),
        ({"max_tokens": 5, "messages": [USER]}, "anthropic_version: Field required"),
        (MESSAGE | {"model": "claude"}, "model: Extra inputs are not permitted"),
        (MESSAGE | {"stream": True}, "stream: Extra inputs are not permitted"),
        (MESSAGE | {"anthropic_version": "claude-3"}, "Invalid API version: claude-3"),
        (MESSAGE | {"max_tokens": 10_000_000}, "exceeds the model limit of 64000"),
        (MESSAGE | {"messages": []}, "messages: List should have at least 1 item"),
        (MESSAGE | {"messages": [{"role": "user", "content": " "}]}, "is blank"),
        (MESSAGE | {"messages": [{"role": "assistant", "content": "Hi."}]}, "must start with a user message"),
        (MESSAGE | {"temperature": 0.5, "top_p": 0.5}, "cannot both be specified"),
        (MESSAGE | {"thinking": {"type": "enabled", "budget_tokens": 300}}, "greater than or equal to 1024"),
        (MESSAGE | {"tools": [{"name": "a", "input_schema": {"oneOf": []}}]}, "must be one of the following: object"),
    ],
)
def test_claude_refuses_a_body_in_its_words(body: Any, message: str) -> None:
    assert message in refusal(CLAUDE, body)


@pytest.mark.parametrize(("model", "length"), [(V3, 1024), (V4, 1536)])
def test_cohere_embeds_each_text(model: str, length: int) -> None:
    found = answer(model, TEXTS)
    assert [len(vector) for vector in found["embeddings"]] == [length] * 2
    assert (found["response_type"], found["texts"]) == ("embeddings_floats", TEXTS["texts"])
    assert len(found["id"]) == 32


def test_cohere_embeds_by_type_and_dimension() -> None:
    kinds = ["float", "int8", "uint8", "binary", "ubinary"]
    found = answer(V4, TEXTS | {"embedding_types": kinds, "output_dimension": 256})
    assert found["response_type"] == "embeddings_by_type"
    sizes = {kind: len(vectors[0]) for kind, vectors in found["embeddings"].items()}
    assert sizes == {"float": 256, "int8": 256, "uint8": 256, "binary": 32, "ubinary": 32}
    assert all(-128 <= x <= 127 for x in found["embeddings"]["int8"][0] + found["embeddings"]["binary"][0])
    assert all(0 <= x <= 255 for x in found["embeddings"]["uint8"][0] + found["embeddings"]["ubinary"][0])


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (V3, {"images": [PIXEL], "input_type": "image"}),
        (V4, {"images": [PIXEL, PIXEL], "input_type": "search_document"}),
        (V4, {"inputs": [{"content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": PIXEL}]}]}
            | {"input_type": "search_query"}),
        (V3, TEXTS | {"texts": ["word " * 400], "truncate": "END"}),
    ],
)  # fmt: skip
def test_cohere_takes_images_and_long_texts(model: str, body: dict[str, Any]) -> None:
    assert answer(model, body)["embeddings"]


@pytest.mark.parametrize(
    ("model", "body", "message"),
    [
        (
            V3,
            {"inputText": "a"},
            "#: required key [input_type] not found#: extraneous key [inputText] is not permitted",
        ),
        (V3, TEXTS | {"texts": ["a"] * 97}, "#/texts: expected maximum item count: 96, found: 97"),
        (V3, TEXTS | {"texts": ["a" * 2049]}, "#/texts/0: expected maxLength: 2048"),
        (V3, TEXTS | {"texts": ["a b " * 500]}, "too many tokens"),
        (V3, TEXTS | {"input_type": "query"}, "#/input_type: the value is not a valid enum value"),
        (V3, {"input_type": "search_query"}, "exactly one of texts, images and inputs"),
        (V3, TEXTS | {"output_dimension": 256}, "extraneous key [output_dimension]"),
        (V4, TEXTS | {"images": [PIXEL]}, "exactly one of"),
        (V4, TEXTS | {"output_dimension": 300}, "#/output_dimension"),
        (V4, TEXTS | {"truncate": "END"}, "#/truncate"),
        (V4, TEXTS | {"texts": "a"}, "#/texts"),
    ],
)
def test_cohere_refuses_a_body_in_the_services_words(model: str, body: Any, message: str) -> None:
    found = refusal(model, body)
    assert message in found
    assert found.startswith(("Malformed input request: ", "400 Bad Request"))


def test_other_models_are_named_as_not_emulated() -> None:
    assert "Use Converse" in refusal("us.amazon.nova-lite-v1:0", b"{}")
