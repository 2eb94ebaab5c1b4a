"""Calls in the ledger: what each end of a call records about its cost and about the model's health."""

import contextlib
from decimal import Decimal
from uuid import uuid4

import pytest
from pipeline.models import errors
from pipeline.models.calls import CallOutcome, CallOwner
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
