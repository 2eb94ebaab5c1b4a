"""Calls in the ledger: what each end of a call records about its cost and about the model's health."""

import contextlib
from decimal import Decimal
from uuid import uuid4

import pytest
from pipeline.models import errors
from pipeline.models.calls import CallOutcome, CallOwner, max_cost_usd
from pipeline.models.chat import ChatRequest, UserText
from pipeline.models.errors import ModelError
from pipeline.models.ledgered_chat import LedgeredChat
from pipeline.models.prices import Usage
from pipeline.models.stage_config import Limits

from tests.support.fakes import FakeClock, InMemoryCallLedger, ScriptedModel, text_answer
from tests.support.jobs import config

REQUEST = ChatRequest(config().model, "Be brief.", (UserText("Hello."),), None, {"maxTokens": 100})


def ended(script: dict[str, object] | Exception) -> tuple[CallOutcome, Decimal]:
    """The recorded outcome of one call, and the day's spending after it."""
    ledger = InMemoryCallLedger(FakeClock())
    chat = LedgeredChat(
        ScriptedModel([script]), ledger, Limits(), CallOwner("job", uuid4(), "a", 1), slot_margin_s=15.0
    )
    with contextlib.suppress(ModelError):
        chat.ask(REQUEST)
    ((call),) = ledger.calls.values()
    assert call.end is not None
    return call.end, ledger.spent_today("a").tenant


def test_an_answer_is_settled_at_its_cost_and_shows_a_healthy_model() -> None:
    outcome, spent = ended(text_answer("Hello."))
    assert (outcome.outcome, outcome.usage, outcome.healthy) == ("answered", Usage(100, 20), True)
    assert outcome.cost_usd == spent == config().model.price.of_call(Usage(100, 20))


def test_a_call_is_recorded_with_its_model_its_owner_its_reservation_and_its_slot() -> None:
    ledger, owner = InMemoryCallLedger(FakeClock()), CallOwner("chat_turn", uuid4(), "a")
    model = ScriptedModel([text_answer("Hello.")], longest_call_s=30.0)
    LedgeredChat(model, ledger, Limits(), owner, slot_margin_s=15.0).ask(REQUEST)
    ((known),) = ledger.calls.values()
    assert (known.call.model_id, known.call.owner) == (REQUEST.model.id, owner)
    assert known.call.max_cost_usd == max_cost_usd(REQUEST)
    assert known.call.slot_s == 45.0  # the slot is free only when the call has certainly ended


def test_a_denied_call_is_not_made() -> None:
    ledger, model = InMemoryCallLedger(FakeClock()), ScriptedModel([])
    chat = LedgeredChat(
        model, ledger, Limits(daily_usd=Decimal(0)), CallOwner("job", uuid4(), "a", 1), slot_margin_s=15.0
    )
    with pytest.raises(errors.ModelCallDenied) as denied:
        chat.ask(REQUEST)
    assert (denied.value.reason, denied.value.retry_after_s) == ("daily_limit", 600.0)
    assert (model.requests, chat.answers, ledger.calls) == ([], 0, {})


def test_usage_and_cost_are_summed_up_over_the_answers() -> None:
    script: list[dict[str, object] | Exception] = [
        text_answer("one"), errors.ModelThrottled("x"), text_answer("two", tokens=(1, 2)),
    ]  # fmt: skip
    chat = LedgeredChat(
        ScriptedModel(script),
        InMemoryCallLedger(FakeClock()),
        Limits(),
        CallOwner("job", uuid4(), "a", 1),
        slot_margin_s=15.0,
    )
    for _ in range(3):
        with contextlib.suppress(ModelError):
            chat.ask(REQUEST)
    price = config().model.price
    assert (chat.answers, chat.usage) == (2, Usage(101, 22))
    assert chat.cost_usd == price.of_call(Usage(100, 20)) + price.of_call(Usage(1, 2))


def test_a_call_that_may_be_billed_keeps_its_reservation() -> None:
    outcome, spent = ended(errors.ModelFailed("connection lost", billed=True))
    assert outcome.cost_usd is None
    assert spent > 0


def test_a_call_that_is_not_billed_gives_its_reservation_back() -> None:
    outcome, spent = ended(errors.ModelThrottled("ThrottlingException"))
    assert outcome.cost_usd == spent == 0


@pytest.mark.parametrize(
    ("error", "healthy"),
    [
        (errors.ModelThrottled("x"), False),
        (errors.ModelFailed("x"), False),
        (errors.AnswerTooSlow("x", billed=True), None),
        (errors.ModelRequestRefused("x"), None),
        (errors.InputTooLong("x"), None),
        (errors.ModelAccessDenied("x"), None),
        (errors.ModelClientFailed("x", billed=True), None),
    ],
)
def test_only_the_models_own_failures_count_against_its_health(error: ModelError, healthy: bool | None) -> None:
    assert ended(error)[0].healthy is healthy
