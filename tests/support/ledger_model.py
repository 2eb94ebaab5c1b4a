"""A complete call ledger in a dictionary: slots expire, and failing models open a circuit."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pipeline.models.calls import CallBegun, CallDenied, CallOutcome, DenialReason, PlannedCall
from pipeline.models.stage_config import Limits
from pipeline.platform.policy import CircuitPolicy

from tests.support.fakes import FakeClock, InMemoryCallLedger, no_slot_left
from tests.support.policy import POLICY


@dataclass
class _Health:
    failures: int = 0
    open_until: datetime | None = None
    closed_since: datetime | None = None
    probe_id: UUID | None = None


class CallLedgerModel(InMemoryCallLedger):
    """The expected behaviour of ``PostgresCallLedger``."""

    def __init__(self, clock: FakeClock, circuit: CircuitPolicy) -> None:
        super().__init__(clock)
        self.circuit = circuit
        self._health: dict[str, _Health] = {}
        self._given_up_at: dict[UUID, datetime] = {}
        self._began_at: dict[UUID, datetime] = {}

    def begin(self, call: PlannedCall, limits: Limits) -> CallBegun | CallDenied:
        if call.id in self.calls:
            return super().begin(call, limits)
        now, health = self._clock(), self._health.get(call.model_id, _Health())
        if health.open_until and health.open_until > now:
            return CallDenied(DenialReason.MODEL_DOWN, max((health.open_until - now).total_seconds(), 1.0))
        holding = [self.calls[call_id].call for call_id in self.holding()]
        if no_slot_left(holding, call, limits.concurrent_model_calls):
            return CallDenied(DenialReason.NO_SLOT, POLICY.denials.no_slot_s)
        begun = super().begin(call, limits.model_copy(update={"concurrent_model_calls": None}))
        if isinstance(begun, CallBegun):
            self._began_at[call.id] = now
            self._given_up_at[call.id] = now + timedelta(seconds=call.slot_s)
            if health.open_until:
                health.open_until = now + timedelta(seconds=self.circuit.probe_s)
                health.probe_id = call.id
        return begun

    def end(self, call_id: UUID, outcome: CallOutcome) -> None:
        first = self.calls[call_id].end is None
        super().end(call_id, outcome)
        if not first or outcome.healthy is None:
            return
        health = self._health.setdefault(self.calls[call_id].call.model_id, _Health())
        if health.open_until:
            if health.probe_id != call_id:
                return
        elif health.closed_since and self._began_at[call_id] < health.closed_since:
            return
        if health.open_until and outcome.healthy:
            health.closed_since = self._clock()
        health.probe_id = None
        health.failures = 0 if outcome.healthy else health.failures + 1
        too_many = health.failures - self.circuit.failures_allowed
        pause = min(self.circuit.shortest_pause_s * 2 ** max(too_many, 0), self.circuit.longest_pause_s)
        health.open_until = self._clock() + timedelta(seconds=pause) if too_many >= 0 else None

    def holding(self) -> list[UUID]:
        """Calls in progress that hold a slot."""
        return [
            call_id
            for call_id, call in self.calls.items()
            if call.end is None and self._given_up_at[call_id] > self._clock()
        ]
