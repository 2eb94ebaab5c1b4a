"""Calls of one model in each of their states, and every operation on them."""

from decimal import Decimal
from functools import partial
from uuid import UUID

from pipeline.models.calls import CallBegun, CallOwner, PlannedCall
from pipeline.models.prompt_cache import PromptPrefix
from pipeline.models.stage_config import Limits

from tests.support.call_ledger_contract import ANSWERED, FREE, PREFIX, READ, SILENT, THROTTLED, WROTE
from tests.support.concurrently import Operation, State, Work
from tests.support.fakes import FakeClock
from tests.support.policy import POLICY


def call(number: int, tenant: str, usd: str = "1", prefix: PromptPrefix | None = None) -> PlannedCall:
    owner = CallOwner("job", UUID(int=1), tenant, 1)
    return PlannedCall(UUID(int=number), owner, "a-model", Decimal(usd), 140.0, prefix)


FIRST, SECOND, OTHERS = call(1, "a"), call(2, "a"), call(3, "b")
OF_A_PREFIX = [call(number, "ab"[number % 2], "0.25", PREFIX) for number in range(10, 14)]
TWO_SLOTS, ONE_SLOT = Limits(concurrent_model_calls=2), Limits(concurrent_model_calls=1)
BUDGET = Limits(daily_usd=Decimal("2.5"), daily_usd_per_tenant=Decimal("1.5"))


def begun(work: Work, one: PlannedCall, within: Limits) -> None:
    assert isinstance(work.ledger.begin(one, within), CallBegun)


def no_calls_today(work: Work, clock: FakeClock) -> None:
    pass


def no_call_in_progress(work: Work, clock: FakeClock) -> None:
    for number, tenant in enumerate("ab"):  # so that both tenants have a row of the day
        earlier = call(100 + number, tenant, "0")
        begun(work, earlier, FREE)
        work.ledger.end(earlier.id, ANSWERED)


def first_in_progress(work: Work, clock: FakeClock) -> None:
    no_call_in_progress(work, clock)
    begun(work, FIRST, ONE_SLOT)


def first_expired(work: Work, clock: FakeClock) -> None:
    first_in_progress(work, clock)
    clock.forward(141)


def two_in_progress(work: Work, clock: FakeClock) -> None:
    no_call_in_progress(work, clock)
    for one in (FIRST, OTHERS):
        begun(work, one, TWO_SLOTS)


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


def a_prefix_in_use(work: Work, clock: FakeClock) -> None:
    no_call_in_progress(work, clock)
    for one in OF_A_PREFIX[:2]:
        begun(work, one, TWO_SLOTS)


def fail(work: Work, times: int) -> None:
    for number in range(times):
        failing = call(200 + number, "a", "0")
        begun(work, failing, FREE)
        work.ledger.end(failing.id, THROTTLED)


ENDS: dict[str, Operation] = {
    "first is answered": lambda work: work.ledger.end(FIRST.id, ANSWERED),
    "first is throttled": lambda work: work.ledger.end(FIRST.id, THROTTLED),
    "first gets no answer": lambda work: work.ledger.end(FIRST.id, SILENT),
    "the other tenant's is answered": lambda work: work.ledger.end(OTHERS.id, ANSWERED),
    "the other tenant's is throttled": lambda work: work.ledger.end(OTHERS.id, THROTTLED),
}


PREFIX_ENDS: dict[str, Operation] = {
    "the marked call reads": lambda work: work.ledger.end(OF_A_PREFIX[1].id, READ),
    "the marked call writes": lambda work: work.ledger.end(OF_A_PREFIX[1].id, WROTE),
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
    "a prefix's first calls": (no_call_in_progress, begins(*OF_A_PREFIX[:2], within=FREE)),
    "a prefix is in use": (a_prefix_in_use, begins(*OF_A_PREFIX[2:], within=BUDGET) | PREFIX_ENDS),
    "budget for two calls": (no_call_in_progress, begins(FIRST, SECOND, OTHERS, within=BUDGET)),
    "budget after the first call ends": (first_in_progress, begins(SECOND, OTHERS, within=BUDGET) | ENDS),
    "one failure before the circuit opens": (one_failure_before_the_circuit_opens, begins(SECOND, within=FREE) | ENDS),
    "the circuit is open": (circuit_open, begins(SECOND, within=FREE) | ENDS),
    "a probe is due": (probe_is_due, begins(SECOND, OTHERS, within=FREE) | ENDS),
    "a probe is due and no slot is free": (probe_is_due, begins(SECOND, OTHERS, within=ONE_SLOT) | ENDS),
    "a probe is due and the budget is reserved": (probe_is_due, begins(SECOND, OTHERS, within=BUDGET) | ENDS),
}
