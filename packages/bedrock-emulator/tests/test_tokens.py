"""Counting, cutting and caching tokens; embeddings."""

import json
import math
from typing import Any

import pytest
from bedrock_emulator.answers import Answer, Text, ToolCall, limited, readable_part, stopped
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.model_rules import find_model
from bedrock_emulator.prompt_cache import InputTokens, PromptCache
from bedrock_emulator.titan_embeddings import embed
from bedrock_emulator.tokens import count_request, count_text, cut_text, fragments

LONG = "The quick brown fox jumps over the lazy dog. " * 150
MODEL = find_model("us.anthropic.claude-sonnet-4-5-20250929-v1:0").rules
POINT = {"cachePoint": {"type": "default"}}


def request(*system: dict[str, Any], text: str = "Hello.") -> dict[str, Any]:
    return {"system": list(system), "messages": [{"role": "user", "content": [{"text": text}]}]}


def test_counts_grow_with_everything_in_the_request() -> None:
    tool = {"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}
    sizes = [
        count_request(request()),
        count_request(request(text="Hello, world.")),
        count_request(request({"text": "Be brief and kind."}, text="Hello, world.")),
        count_request(
            request({"text": "Be brief and kind."}, text="Hello, world.") | {"toolConfig": {"tools": [tool]}}
        ),
    ]
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize(
    "text", [LONG, "漢字" * 200, "!" * 500, "ZGF0YQ1" * 90], ids=["words", "han", "marks", "base64"]
)
@pytest.mark.parametrize("limit", [0, 1, 5, 40, 10_000])
def test_a_cut_text_is_a_beginning_within_the_limit(text: str, limit: int) -> None:
    cut = cut_text(text, limit)
    assert text.startswith(cut)
    assert count_text(cut) <= limit
    assert count_text(cut) > limit - 3 or cut == text


@pytest.mark.parametrize("text", ["", "a", "abc" * 100])
def test_fragments_are_the_text(text: str) -> None:
    assert "".join(fragments(text, 7)) == text


def test_an_answer_beyond_the_limit_is_cut() -> None:
    call = ToolCall("id", "look", json.dumps({"first": "one two three", "second": ["a", "b"], "third": "x " * 50}))
    cut = limited(Answer((Text("Let me look."), call), "tool_use"), 45)
    assert cut.stop_reason == "max_tokens"
    assert cut.tokens() <= 45
    assert cut.content[1].block()["toolUse"]["input"] == {"first": "one two three", "second": ["a", "b"]}
    assert limited(Answer((call,), "tool_use"), 1000).stop_reason == "tool_use"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        ('{"a": 1, "b": "un', {"a": 1}),
        ('{"a', {}),
        ("", {}),
        ('{"a": {"b": 1}, "c": [1, 2', {"a": {"b": 1}}),
    ],
)
def test_the_whole_members_of_a_cut_object_are_kept(text: str, expected: dict[str, Any]) -> None:
    assert readable_part(text) == expected


def test_a_stop_sequence_ends_the_text() -> None:
    answer = stopped(Answer((Text("one two END three STOP"),), "end_turn"), ["STOP", "END"])
    assert answer == Answer((Text("one two "),), "stop_sequence", {"stop_sequence": "END"})


def test_a_cached_prefix_is_written_then_read_then_forgotten() -> None:
    now = [0.0]
    cache = PromptCache(lambda: now[0])
    cached = request({"text": LONG}, POINT, text="First question?")
    total = count_request(cached)
    first = cache.count("m", MODEL, cached)
    assert (first.read, first.total) == (0, total)
    assert first.written >= 1024
    now[0] = 299
    second = cache.count("m", MODEL, request({"text": LONG}, POINT, text="Another one?"))
    assert (second.read, second.written) == (first.written, 0)
    now[0] = 598  # a read restarts its five minutes
    assert cache.count("m", MODEL, cached).read == first.written
    now[0] = 899
    assert cache.count("m", MODEL, cached).written == first.written
    assert cache.count("another model", MODEL, cached).read == 0


def test_a_longer_prefix_is_written_on_top_of_a_read_one() -> None:
    cache = PromptCache(lambda: 0.0)
    short = cache.count("m", MODEL, request({"text": LONG}, POINT))
    long = cache.count("m", MODEL, request({"text": LONG}, POINT, {"text": LONG}, POINT))
    assert long.read == short.written
    assert long.written == count_text(LONG)


def test_requests_at_the_same_time_all_write_their_prefix() -> None:
    now = [0.0]
    cache = PromptCache(lambda: now[0])
    cached = request({"text": LONG}, POINT)
    now[0] = 5.0
    counted = [cache.count("m", MODEL, cached, began) for began in (0.0, 1.0, 4.9, 5.0)]
    assert [each.read > 0 for each in counted] == [False, False, False, True]
    assert [each.written > 0 for each in counted] == [True, True, True, False]


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("global.anthropic.claude-sonnet-5", 1024),
        ("global.anthropic.claude-sonnet-5-5", 512),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", 4096),
        ("us.amazon.nova-lite-v1:0", 1536),
        ("us.amazon.nova-pro-v1:0", 1024),
    ],
)
def test_each_model_has_its_own_shortest_prefix(model: str, tokens: int) -> None:
    rules = find_model(model).rules
    assert rules.cache_minimum == tokens
    # A cut text can be a token shorter than asked for: no part of a word costs exactly what is left.
    for length, cached in ((tokens - 1, False), (tokens + 1, True)):
        text = cut_text("word " * 2 * tokens, length, rules.vocabulary)
        counted = PromptCache().count(model, rules, request({"text": text}, POINT))
        assert (counted.written > 0) is cached


def test_a_short_prefix_is_not_cached() -> None:
    cache = PromptCache(lambda: 0.0)
    for _ in range(2):
        counted = cache.count("m", MODEL, request({"text": "Be brief."}, POINT))
        assert counted == InputTokens(counted.total)


def similarity(first: str, second: str) -> float:
    one, two = (embed(json.dumps({"inputText": text}).encode())[0]["embedding"] for text in (first, second))
    return float(sum(a * b for a, b in zip(one, two, strict=True)))


@pytest.mark.parametrize("dimensions", [256, 512, 1024])
def test_an_embedding_has_the_asked_form(dimensions: int) -> None:
    body = {"inputText": "a wrong credit report", "dimensions": dimensions, "embeddingTypes": ["float", "binary"]}
    answer, tokens = embed(json.dumps(body).encode())
    assert answer["embedding"] == answer["embeddingsByType"]["float"]
    assert len(answer["embedding"]) == len(answer["embeddingsByType"]["binary"]) == dimensions
    assert set(answer["embeddingsByType"]["binary"]) <= {0, 1}
    assert math.isclose(math.hypot(*answer["embedding"]), 1, abs_tol=1e-6)
    assert 4 <= answer["inputTextTokenCount"] == tokens <= 5
    assert embed(json.dumps(body).encode()) == (answer, tokens)


def test_similar_texts_are_near_each_other() -> None:
    near = similarity("The credit bureau reported a wrong account.", "Credit bureaus are reporting wrong accounts!")
    far = similarity("The credit bureau reported a wrong account.", "My mortgage payment was late because of escrow.")
    assert near > 0.6 > 0.3 > far


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"inputText": ""}', b'{"inputText": "a", "dimensions": 7}', b'{"inputText": "a", "more": 1}',
     b'{"inputText": "a", "embeddingTypes": ["int8"]}', b'{"inputText": "a", "normalize": "yes"}',
     json.dumps({"inputText": "a" * 50_001}).encode()],
)  # fmt: skip
def test_a_body_that_the_embedding_model_refuses(body: bytes) -> None:
    with pytest.raises(ServiceError, match="Malformed input request"):
        embed(body)


def test_a_text_of_too_many_tokens_is_refused_by_the_embedding_model() -> None:
    with pytest.raises(ServiceError, match="Too many input tokens"):
        embed(json.dumps({"inputText": "漢" * 9000}, ensure_ascii=False).encode())
