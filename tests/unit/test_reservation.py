"""The reservation of a call is an upper bound of its cost, for any text, at any price, with and without caching."""

import base64
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pipeline.models.calls import max_cost_usd
from pipeline.models.catalogue import Model, shipped_catalogue
from pipeline.models.chat import AssistantTurn, ChatRequest, Tool, UserText
from pipeline.models.converse import max_prompt_tokens
from pipeline.models.prices import Usage

MODELS = {model.id: model for model in shipped_catalogue().models}
BYTES = random.Random(7).randbytes(60_000)  # noqa: S311 - the same in every run
DEFAULT = MODELS[shipped_catalogue().default]


def request(text: str, model: Model = DEFAULT, *, caching: bool = False) -> ChatRequest:
    return ChatRequest(model, "Be brief.", (UserText(text),), None, {"maxTokens": 500}, prompt_caching=caching)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("!" * 199_000, 199_000),
        (base64.b64encode(BYTES).decode(), 80_000),
        ("1,2;3\n" * 30_000, 180_000),
        ("\u6c34" * 60_000, 180_000),  # a character that a tokenizer without it splits into its three bytes
        ("\U0001f9ff" * 20_000, 80_000),
        ("\ufdfa" * 10_000, 330_000),  # NFKC makes eighteen characters of it
        ("\u0000\u0001" * 1_000, 2_000),
    ],
    ids=["punctuation", "base64", "csv", "chinese", "emoji", "ligature", "control characters"],
)
def test_the_bound_holds_for_a_tokenizer_that_splits_every_byte(text: str, tokens: int) -> None:
    assert max_prompt_tokens(request(text)) >= tokens


@pytest.mark.parametrize(
    ("changed", "more"),
    [
        ({"system": "Be brief." + "s" * 1_000}, 1_000),
        ({"turns": (UserText("x" * 1_001),)}, 1_000),
        ({"turns": (UserText("x"), AssistantTurn(({"text": "y" * 1_000},)))}, 1_000),
        ({"tool": Tool("record", "d" * 1_000, {})}, 1_000),
        ({"tool": Tool("record", "d", {"title": "t" * 1_000})}, 1_000),
    ],
    ids=["instructions", "document", "answer", "description of the tool", "schema of the tool"],
)
def test_the_bound_covers_every_part_of_the_prompt(changed: dict[str, Any], more: int) -> None:
    plain = request("x")
    assert max_prompt_tokens(replace(plain, **changed)) >= max_prompt_tokens(plain) + more


def test_the_bound_covers_the_vendors_own_additions() -> None:
    assert max_prompt_tokens(request("")) > 804  # Anthropic's instructions around tools


@pytest.mark.parametrize("caching", [False, True])
@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_usage_within_the_bound_costs_more_than_reserved(model: Model, caching: bool, data: st.DataObject) -> None:
    chat = request("x" * data.draw(st.sampled_from([10, 150_000, 199_000, 201_000, 900_000])), model, caching=caching)
    left = max_prompt_tokens(chat)
    read = data.draw(st.integers(0, left)) if caching else 0
    write = data.draw(st.integers(0, left - read)) if caching else 0
    usage = Usage(data.draw(st.integers(0, left - read - write)), data.draw(st.integers(0, 500)), read, write)
    assert model.price.of_call(usage) <= max_cost_usd(chat)


def test_caching_reserves_the_dearer_rate() -> None:
    plain = request("x" * 10_000)
    assert max_cost_usd(replace(plain, prompt_caching=True)) > max_cost_usd(plain)
