"""The list of models: complete, consistent, and priced."""

from decimal import Decimal
from uuid import uuid4

import pytest
from pipeline.models.calls import CallOwner
from pipeline.models.catalogue import UnknownModel, shipped_catalogue
from pipeline.models.chat import ChatRequest, UserText
from pipeline.models.ledgered_chat import LedgeredChat
from pipeline.models.prices import Usage
from pipeline.models.stage_config import Limits

from tests.support.fakes import FakeClock, InMemoryCallLedger, ScriptedModel, text_answer

CATALOGUE = shipped_catalogue()
IDS_OF_THE_GUIDE = [
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
    "us.anthropic.claude-3-sonnet-20240229-v1:0",
    "us.anthropic.claude-3-haiku-20240307-v1:0",
    "us.amazon.nova-micro-v1:0",
    "us.amazon.nova-lite-v1:0",
    "us.amazon.nova-pro-v1:0",
]


@pytest.mark.parametrize("alias", ["claude", "sonnet", "claude-3.5", "haiku", "fast", "balanced", "powerful"])
def test_every_alias_names_a_current_model(alias: str) -> None:
    assert CATALOGUE.find(alias).lifecycle.state == "current"


@pytest.mark.parametrize("model_id", IDS_OF_THE_GUIDE)
def test_old_model_ids_remain_known(model_id: str) -> None:
    assert CATALOGUE.find(model_id).id == model_id


@pytest.mark.parametrize("name", ["gpt", "", "anthropic.claude-sonnet-5", "Claude"])
def test_an_unknown_name_is_an_error(name: str) -> None:
    with pytest.raises(UnknownModel):
        CATALOGUE.find(name)


def test_a_model_that_ends_names_a_current_successor() -> None:
    for model in CATALOGUE.models:
        if model.lifecycle.state != "current":
            assert model.lifecycle.replaced_by
            assert CATALOGUE.find(model.lifecycle.replaced_by).lifecycle.state == "current"


def test_the_policy_allows_the_profile_and_the_model_in_every_routed_region() -> None:
    for model in CATALOGUE.models:
        scope, _, foundation = model.id.partition(".")
        assert f"arn:aws:bedrock:{{region}}:{{account}}:inference-profile/{model.id}" in model.policy_arns
        regions = {arn.split(":")[3] for arn in model.policy_arns if arn.endswith(f"foundation-model/{foundation}")}
        assert regions == ({"{region}", ""} if scope == "global" else {"us-east-1", "us-east-2", "us-west-2"})


def test_the_cost_of_a_call_is_the_sum_over_its_tokens() -> None:
    usage = Usage(1_000_000, 100_000, 10_000, 1_000)
    assert CATALOGUE.find("haiku").price.of_call(usage) == Decimal("1.50225")


def test_a_long_prompt_is_billed_at_the_long_rate() -> None:
    price = CATALOGUE.find("global.anthropic.claude-haiku-5-5").price
    assert price.of_call(Usage(100_000, 1_000)) == Decimal("0.0105")
    assert price.of_call(Usage(100_001, 1_000)) == Decimal("0.0525005")


@pytest.mark.parametrize("cached", [Usage(1, 0, 100_000, 0), Usage(1, 0, 0, 100_000), Usage(1, 0, 50_000, 50_000)])
def test_cached_tokens_make_a_prompt_long(cached: Usage) -> None:
    price = CATALOGUE.find("global.anthropic.claude-haiku-5-5").price
    rates = price.long_prompt
    assert rates is not None
    assert rates.above_input_tokens == 100_000
    cost = rates.input * 1 + rates.cache_read * cached.cache_read_tokens + rates.cache_write * cached.cache_write_tokens
    assert price.of_call(cached) == cost / 1_000_000 > price.model_copy(update={"long_prompt": None}).of_call(cached)


def test_two_short_prompts_are_not_billed_at_the_long_rate() -> None:
    price = CATALOGUE.find("global.anthropic.claude-haiku-5-5").price
    request = ChatRequest(
        CATALOGUE.find("global.anthropic.claude-haiku-5-5"), "s", (UserText("u"),), None, {"maxTokens": 9}
    )
    answer = {**text_answer("yes"), "usage": {"inputTokens": 60_000, "outputTokens": 0}}
    owner = CallOwner("chat_turn", uuid4(), "a")
    chat = LedgeredChat(
        ScriptedModel([answer, answer]), InMemoryCallLedger(FakeClock()), Limits(), owner, slot_margin_s=1
    )
    for _ in range(2):
        chat.ask(request)
    assert (chat.answers, chat.usage) == (2, Usage(120_000))
    assert chat.cost_usd == 2 * price.of_call(Usage(60_000)) == Decimal("0.012")


def test_the_cheapest_alias_is_the_fast_one() -> None:
    per_call = {name: CATALOGUE.find(name).price.of_call(Usage(1_000, 1_000)) for name in CATALOGUE.aliases}
    assert min(per_call, key=lambda name: per_call[name]) == "fast"
