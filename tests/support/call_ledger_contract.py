"""The contract of call ledgers. Subclassed for the fake and for PostgreSQL."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from pipeline.jobs.ports import JobStore
from pipeline.models.calls import CallDenied, CallOutcome, CallOwner, DenialReason, PlannedCall
from pipeline.models.ports import CallLedger
from pipeline.models.prices import Usage
from pipeline.models.stage_config import Limits

from tests.support.jobs import new_job
from tests.support.spending import Spending

ANSWERED = CallOutcome("answered", Usage(100, 20, 3, 4), Decimal("0.25"), healthy=True)
THROTTLED = CallOutcome("ThrottlingException", Usage(), Decimal(0), healthy=False)
SILENT = CallOutcome("no answer in time", Usage(), None, healthy=False)
FREE = Limits()

Spent = Callable[[str], Spending]
"""Reads the spending of a tenant and of the stage."""


def planned(tenant: str = "a", job_id: UUID | None = None, usd: str = "1.00") -> PlannedCall:
    """A call that has not begun."""
    return PlannedCall(uuid4(), CallOwner("job", job_id or uuid4(), tenant, 1), "a-model", Decimal(usd), 140.0)


def begun(ledger: CallLedger, limits: Limits = FREE, **fields: Any) -> PlannedCall:
    """A call in progress."""
    call = planned(**fields)
    assert ledger.begin(call, limits) is None
    return call


def denial(ledger: CallLedger, limits: Limits, **fields: Any) -> DenialReason | None:
    """The reason why a call would be denied, without making it."""
    refused = ledger.begin(planned(**fields), limits)
    return refused.reason if isinstance(refused, CallDenied) else None


class CallLedgerContract:
    """Tests of every call ledger. A subclass provides the fixtures ``ledger``, ``store`` and ``spent``."""

    def test_a_jobs_usage_is_the_sum_of_its_calls(self, ledger: CallLedger, store: JobStore) -> None:
        job = new_job()
        store.submit(job)
        for end in (ANSWERED, THROTTLED, SILENT, ANSWERED):
            ledger.end(begun(ledger, job_id=job.id).id, end)
        ledger.end(begun(ledger).id, ANSWERED)  # a call of another job
        view = store.get(job.id, "a")
        assert view is not None
        assert (view.usage, view.cost_usd) == (Usage(200, 40, 6, 8), 0.5)

    def test_a_reservation_is_settled_when_its_call_ends(self, ledger: CallLedger, spent: Spent) -> None:
        call = begun(ledger)
        assert spent("a") == Spending(Decimal(1), Decimal(1))
        ledger.end(call.id, ANSWERED)
        assert spent("a") == Spending(Decimal("0.25"), Decimal("0.25"))

    def test_a_call_that_may_have_been_billed_keeps_its_reservation(self, ledger: CallLedger, spent: Spent) -> None:
        ledger.end(begun(ledger).id, SILENT)
        assert spent("a").stage == 1

    def test_the_stages_spending_includes_every_tenant_and_every_reservation(self, ledger: CallLedger) -> None:
        before = ledger.stage_spending()
        ledger.end(begun(ledger, tenant="a").id, ANSWERED)
        begun(ledger, tenant="b")
        assert ledger.stage_spending() - before == Decimal("1.25")

    def test_beginning_and_ending_a_call_are_idempotent(self, ledger: CallLedger, spent: Spent) -> None:
        call = begun(ledger)
        assert ledger.begin(call, Limits(concurrent_model_calls=1, daily_usd=Decimal(1))) is None
        assert spent("a").stage == 1
        ledger.end(call.id, ANSWERED)
        ledger.end(call.id, SILENT)
        assert ledger.begin(call, FREE) is None
        assert spent("a").stage == Decimal("0.25")

    def test_a_slot_is_released_when_its_call_ends(self, ledger: CallLedger, spent: Spent) -> None:
        two = Limits(concurrent_model_calls=2)
        first = begun(ledger, two)
        begun(ledger, two, tenant="b")
        assert denial(ledger, two, tenant="c") is DenialReason.NO_SLOT
        assert spent("a").stage == 2  # a denied call reserves nothing
        ledger.end(first.id, ANSWERED)
        begun(ledger, two, tenant="c")
        assert denial(ledger, two, tenant="d") is DenialReason.NO_SLOT

    def test_no_tenant_takes_the_last_slot_besides_others(self, ledger: CallLedger) -> None:
        three = Limits(concurrent_model_calls=3)
        calls = [begun(ledger, three) for _ in range(2)]
        assert denial(ledger, three) is DenialReason.NO_SLOT
        ledger.end(begun(ledger, three, tenant="b").id, ANSWERED)
        assert denial(ledger, three) is DenialReason.NO_SLOT
        ledger.end(calls[0].id, ANSWERED)
        begun(ledger, three)
        one = Limits(concurrent_model_calls=1)
        ledger.end(calls[1].id, ANSWERED)
        assert denial(ledger, one) is DenialReason.NO_SLOT  # it holds the only one

    def test_a_tenants_limit_denies_only_calls_of_that_tenant(self, ledger: CallLedger) -> None:
        limits = Limits(daily_usd_per_tenant=Decimal("2.5"))
        begun(ledger, limits)
        begun(ledger, limits)
        assert denial(ledger, limits) is DenialReason.DAILY_LIMIT
        begun(ledger, limits, tenant="b")
        begun(ledger, limits, usd="0.50")

    def test_the_stages_limit_denies_calls_of_every_tenant(self, ledger: CallLedger, spent: Spent) -> None:
        limits = Limits(daily_usd=Decimal(2), concurrent_model_calls=9)
        begun(ledger, limits)
        begun(ledger, limits, tenant="b")
        for tenant in ("a", "b", "c"):
            refused = ledger.begin(planned(tenant), limits)
            assert refused is not None
            assert refused.reason is DenialReason.DAILY_LIMIT
            assert 0 < refused.retry_after_s <= 600
        assert spent("c").tenant == 0

    def test_a_limit_of_zero_denies_every_call(self, ledger: CallLedger) -> None:
        assert denial(ledger, Limits(daily_usd=Decimal(0))) is DenialReason.DAILY_LIMIT
