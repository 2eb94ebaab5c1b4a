"""The contract of call ledgers. Subclassed for the fake and for PostgreSQL."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from pipeline.jobs.ports import JobStore
from pipeline.models.calls import CallBegun, CallDenied, CallOutcome, CallOwner, DenialReason, PlannedCall
from pipeline.models.ports import CallLedger
from pipeline.models.prices import Usage
from pipeline.models.prompt_cache import PromptPrefix
from pipeline.models.stage_config import Limits

from tests.support.jobs import new_job
from tests.support.spending import Spending

ANSWERED = CallOutcome("answered", Usage(100, 20, 3, 4), Decimal("0.25"), healthy=True)
THROTTLED = CallOutcome("ThrottlingException", Usage(), Decimal(0), healthy=False)
READ = CallOutcome("answered", Usage(380, 171, cache_read_tokens=2900), Decimal("0.25"), healthy=True)
WROTE = CallOutcome("answered", Usage(380, 171, cache_write_tokens=2900), Decimal("0.25"), healthy=True)
SILENT = CallOutcome("no answer in time", Usage(), None, healthy=False)
UNKNOWN, NOT_BILLED = (replace(end, healthy=None) for end in (SILENT, THROTTLED))
FREE = Limits()
PREFIX = PromptPrefix(UUID(int=7), Decimal("3.6"))

OTHER_PREFIX = PromptPrefix(UUID(int=8), Decimal("3.6"))

Elapse = Callable[[float], None]
"""Lets so many seconds pass."""
Spent = Callable[[str], Spending]
"""Reads the spending of a tenant and of the stage."""


def planned(
    tenant: str = "a", job_id: UUID | None = None, usd: str = "1.00", prefix: PromptPrefix | None = None
) -> PlannedCall:
    """A call that has not begun."""
    owner = CallOwner("job", job_id or uuid4(), tenant, 1)
    return PlannedCall(uuid4(), owner, "a-model", Decimal(usd), 140.0, prefix)


def begun(ledger: CallLedger, limits: Limits = FREE, **fields: Any) -> PlannedCall:
    """A call in progress."""
    call = planned(**fields)
    assert isinstance(ledger.begin(call, limits), CallBegun)
    return call


def marked(ledger: CallLedger, prefix: PromptPrefix | None = PREFIX) -> tuple[PlannedCall, bool]:
    """A call in progress, and whether it marks its prefix."""
    call = planned(prefix=prefix)
    answer = ledger.begin(call, FREE)
    assert isinstance(answer, CallBegun)
    return call, answer.marks_prefix


def denial(ledger: CallLedger, limits: Limits, **fields: Any) -> DenialReason | None:
    """The reason why a call would be denied, without making it."""
    refused = ledger.begin(planned(**fields), limits)
    return refused.reason if isinstance(refused, CallDenied) else None


class CallLedgerContract:
    """Tests of every call ledger. A subclass provides ``ledger``, ``store``, ``spent`` and ``pass_time``."""

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
        assert ledger.begin(call, Limits(concurrent_model_calls=1, daily_usd=Decimal(1))) == CallBegun()
        assert spent("a").stage == 1
        ledger.end(call.id, ANSWERED)
        ledger.end(call.id, SILENT)
        assert ledger.begin(call, FREE) == CallBegun()
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
            assert isinstance(refused, CallDenied)
            assert refused.reason is DenialReason.DAILY_LIMIT
            assert 0 < refused.retry_after_s <= 600
        assert spent("c").tenant == 0

    def test_a_limit_of_zero_denies_every_call(self, ledger: CallLedger) -> None:
        assert denial(ledger, Limits(daily_usd=Decimal(0))) is DenialReason.DAILY_LIMIT

    def test_a_prefix_is_marked_from_its_second_call_on(self, ledger: CallLedger, pass_time: Elapse) -> None:
        assert [marked(ledger)[1] for _ in range(2)] == [False, True]
        pass_time(299)
        assert marked(ledger)[1]
        assert not marked(ledger, OTHER_PREFIX)[1]
        assert not marked(ledger, None)[1]

    def test_a_prefix_that_was_not_used_for_five_minutes_is_not_marked(
        self, ledger: CallLedger, pass_time: Elapse
    ) -> None:
        marked(ledger)
        pass_time(301)
        assert not marked(ledger)[1]

    def test_beginning_a_call_again_decides_the_same(self, ledger: CallLedger) -> None:
        first, _ = marked(ledger)
        second, _ = marked(ledger)
        assert ledger.begin(first, FREE) == CallBegun(marks_prefix=False)
        assert ledger.begin(second, FREE) == CallBegun(marks_prefix=True)

    def test_a_denied_call_leaves_its_prefix_as_it_was(self, ledger: CallLedger) -> None:
        marked(ledger)
        for _ in range(9):
            assert isinstance(ledger.begin(planned(prefix=PREFIX), Limits(daily_usd=Decimal(0))), CallDenied)
        assert sum(marked(ledger)[1] for _ in range(5)) == 3

    @pytest.mark.parametrize("end", [WROTE, UNKNOWN, None], ids=["wrote", "unknown", "in progress"])
    def test_writes_that_nothing_reads_become_one_call_in_five(
        self, ledger: CallLedger, end: CallOutcome | None
    ) -> None:
        marks = []
        for _ in range(32):
            call, marks_prefix = marked(ledger)
            marks.append(marks_prefix)
            if end:
                ledger.end(call.id, end)
        assert sum(marks) == 8  # two at the start, and 32 fifths
        assert sum(marks[12:]) == 4

    @pytest.mark.parametrize("end", [READ, NOT_BILLED], ids=["read", "not billed"])
    def test_calls_that_write_nothing_stay_marked(self, ledger: CallLedger, end: CallOutcome) -> None:
        marks = []
        for _ in range(12):
            call, marks_prefix = marked(ledger)
            marks.append(marks_prefix)
            ledger.end(call.id, end)
        assert marks == [False] + [True] * 11

    def test_a_read_pays_for_more_concurrent_calls(self, ledger: CallLedger) -> None:
        marked(ledger)
        call, _ = marked(ledger)
        ledger.end(call.id, READ)
        ledger.end(call.id, READ)  # a second time changes nothing
        assert [marked(ledger)[1] for _ in range(8)] == [True] * 7 + [False]

    def test_an_account_keeps_no_more_than_a_stage_has_concurrent_calls(self, ledger: CallLedger) -> None:
        rich = PromptPrefix(PREFIX.id, Decimal(5000))
        marked(ledger, rich)
        ledger.end(marked(ledger, rich)[0].id, READ)
        assert all(marked(ledger, rich)[1] for _ in range(1250))
        assert sum(marked(ledger, rich)[1] for _ in range(50)) <= 11
