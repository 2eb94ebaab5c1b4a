"""The log lines that alarms on money and on models count: their message and fields are those of the metric filters."""

import json
import logging
from decimal import Decimal
from uuid import uuid4

import pytest
from pipeline.jobs.services.report_spending import ReportSpending
from pipeline.models import errors
from pipeline.models.calls import CallOutcome, CallOwner, PlannedCall
from pipeline.models.chat import ChatRequest, UserText
from pipeline.models.errors import ModelError
from pipeline.models.ledgered_chat import LedgeredChat
from pipeline.models.prices import Usage
from pipeline.models.stage_config import Limits, StageConfig
from pipeline.platform.errors import Unavailable

from tests.support.fakes import FakeClock, FixedConfiguration, InMemoryCallLedger, ScriptedModel
from tests.support.jobs import config

type Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def fresh_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log as in a fresh process: not set up yet."""
    monkeypatch.setattr(logging.getLogger("pipeline"), "handlers", [])
    monkeypatch.setattr(logging.getLogger("pipeline"), "propagate", True)


def lines(capsys: Capture) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def stage(daily_usd: str | None) -> FixedConfiguration:
    limit = None if daily_usd is None else Decimal(daily_usd)
    return FixedConfiguration(StageConfig(limits=Limits(daily_usd=limit)))


def spent(usd: str) -> InMemoryCallLedger:
    """A ledger with a call that ended, of one tenant, and a reservation of another."""
    ledger = InMemoryCallLedger(FakeClock())
    ended, begun = (
        PlannedCall(uuid4(), CallOwner("job", uuid4(), tenant, 1), "m", Decimal(usd) / 2, 140.0) for tenant in "ab"
    )
    ledger.begin(ended, Limits())
    ledger.end(ended.id, CallOutcome("answered", Usage(), Decimal(usd) / 2, healthy=True))
    ledger.begin(begun, Limits())
    return ledger


@pytest.mark.parametrize(("usd", "limit", "percent"), [("8", "10", 80.0), ("0", "10", 0.0), ("0", "0", 100.0)])
def test_the_days_spending_is_logged_as_a_share_of_the_limit(
    usd: str, limit: str, percent: float, capsys: Capture
) -> None:
    ReportSpending(spent(usd), stage(limit)).run()
    (line,) = lines(capsys)
    assert (line["message"], line["spent_percent"]) == ("spent today", percent)
    assert (line["spent_usd"], line["limit_usd"]) == (float(usd), float(limit))


def test_a_stage_without_a_limit_reports_nothing(capsys: Capture) -> None:
    ReportSpending(spent("8"), stage(None)).run()
    assert lines(capsys) == []


def test_an_outage_does_not_fail_the_sweeper(capsys: Capture) -> None:
    class Down(InMemoryCallLedger):
        def stage_spending(self) -> Decimal:
            raise Unavailable("database")

    ReportSpending(Down(FakeClock()), stage("10")).run()
    assert [line["message"] for line in lines(capsys)] == ["spending not reported"]


@pytest.mark.parametrize(
    "error", [errors.ModelThrottled("ThrottlingException"), errors.ModelAccessDenied("AccessDeniedException")]
)
def test_a_failed_call_is_logged_by_its_kind(error: ModelError, capsys: Capture) -> None:
    request = ChatRequest(config().model, "Be brief.", (UserText("CANARY"),), None, {"maxTokens": 100})
    owner = CallOwner("job", uuid4(), "a", 1)
    chat = LedgeredChat(ScriptedModel([error]), InMemoryCallLedger(FakeClock()), Limits(), owner, slot_margin_s=15.0)
    with pytest.raises(type(error)):
        chat.ask(request)
    (line,) = lines(capsys)
    assert (line["message"], line["error_type"]) == ("model call failed", type(error).__name__)
    assert (line["owner_id"], line["reason"]) == (str(owner.id), error.reason)
    assert "CANARY" not in json.dumps(line)
