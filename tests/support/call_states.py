"""Calls of one model in each of their states, and every operation on them."""

from decimal import Decimal
from functools import partial
from uuid import UUID

from pipeline.models.calls import CallOwner, PlannedCall
from pipeline.models.stage_config import Limits

from tests.support.call_ledger_contract import ANSWERED, FREE, SILENT, THROTTLED
from tests.support.concurrently import Operation, State, Work
from tests.support.fakes import FakeClock
from tests.support.policy import POLICY


def call(number: int, tenant: str, usd: str = "1") -> PlannedCall:
    return PlannedCall(UUID(int=number), CallOwner("job", UUID(int=1), tenant, 1), "a-model", Decimal(usd), 140.0)


FIRST, SECOND, OTHERS = call(1, "a"), call(2, "a"), call(3, "b")
TWO_SLOTS, ONE_SLOT = Limits(concurrent_model_calls=2), Limits(concurrent_model_calls=1)
BUDGET = Limits(daily_usd=Decimal("2.5"), daily_usd_per_tenant=Decimal("1.5"))


def no_calls_today(work: Work, clock: FakeClock) -> None:
    pass


def no_call_in_progress(work: Work, clock: FakeClock) -> None:
    for number, tenant in enumerate("ab"):  # so that both tenants have a row of the day
        earlier = call(100 + number, tenant, "0")
        assert work.ledger.begin(earlier, FREE) is None
        work.ledger.end(earlier.id, ANSWERED)


def first_in_progress(work: Work, clock: FakeClock) -> None:
    no_call_in_progress(work, clock)
    assert work.ledger.begin(FIRST, ONE_SLOT) is None


def first_expired(work: Work, clock: FakeClock) -> None:
    first_in_progress(work, clock)
    clock.forward(141)


def two_in_progress(work: Work, clock: FakeClock) -> None:
    no_call_in_progress(work, clock)
    for one in (FIRST, OTHERS):
        assert work.ledger.begin(one, TWO_SLOTS) is None


def one_failure_before_the_circuit_opens(work: Work, clock: FakeClock) -> None:
    two_in_progress(work, clock)
    fail(work, POLICY.circuit.failures_allowed - 1)


def circuit_open(work: Work, clock: FakeClock) -> None:
    two_in_progress(work, clock)
    fail(work, POLICY.circuit.failures_allowed)


def probe_is_due(work: Work, clock: FakeClock) -> None:
    first_in_progress(work, clock)
    fail(work, POLICY.circuit.failures_allowed)
    clock.forward(POLICY.circuit.shortest_pause_s)


def fail(work: Work, times: int) -> None:
    for number in range(times):
        failing = call(200 + number, "a", "0")
        assert work.ledger.begin(failing, FREE) is None
        work.ledger.end(failing.id, THROTTLED)


ENDS: dict[str, Operation] = {
    "first is answered": lambda work: work.ledger.end(FIRST.id, ANSWERED),
    "first is throttled": lambda work: work.ledger.end(FIRST.id, THROTTLED),
    "first gets no answer": lambda work: work.ledger.end(FIRST.id, SILENT),
    "the other tenant's is answered": lambda work: work.ledger.end(OTHERS.id, ANSWERED),
    "the other tenant's is throttled": lambda work: work.ledger.end(OTHERS.id, THROTTLED),
}


def begin(one: PlannedCall, within: Limits, work: Work) -> object:
    return work.ledger.begin(one, within)


def begins(*calls: PlannedCall, within: Limits) -> dict[str, Operation]:
    return {f"call {one.id.int} begins": partial(begin, one, within) for one in calls}


CALL_STATES: dict[str, tuple[State, dict[str, Operation]]] = {
    "no calls today": (no_calls_today, begins(FIRST, SECOND, within=BUDGET)),
    "enough slots": (no_call_in_progress, begins(FIRST, SECOND, OTHERS, within=TWO_SLOTS)),
    "one slot": (no_call_in_progress, begins(FIRST, SECOND, OTHERS, within=ONE_SLOT)),
    "one slot is free": (first_in_progress, begins(SECOND, OTHERS, within=TWO_SLOTS) | ENDS),
    "the slot is taken": (first_in_progress, begins(SECOND, OTHERS, within=ONE_SLOT) | ENDS),
    "the slot has expired": (first_expired, begins(SECOND, OTHERS, within=ONE_SLOT) | ENDS),
    "budget for two calls": (no_call_in_progress, begins(FIRST, SECOND, OTHERS, within=BUDGET)),
    "budget after the first call ends": (first_in_progress, begins(SECOND, OTHERS, within=BUDGET) | ENDS),
    "one failure before the circuit opens": (one_failure_before_the_circuit_opens, begins(SECOND, within=FREE) | ENDS),
    "the circuit is open": (circuit_open, begins(SECOND, within=FREE) | ENDS),
    "a probe is due": (probe_is_due, begins(SECOND, OTHERS, within=FREE) | ENDS),
    "a probe is due and no slot is free": (probe_is_due, begins(SECOND, OTHERS, within=ONE_SLOT) | ENDS),
    "a probe is due and the budget is reserved": (probe_is_due, begins(SECOND, OTHERS, within=BUDGET) | ENDS),
}
