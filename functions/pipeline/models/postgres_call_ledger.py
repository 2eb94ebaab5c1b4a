"""The call ledger in PostgreSQL. To begin and to end a call is one statement each."""

from decimal import Decimal
from pathlib import Path
from uuid import UUID

from pipeline.models.calls import CallBegun, CallDenied, CallOutcome, DenialReason, PlannedCall
from pipeline.models.stage_config import Limits
from pipeline.platform.policy import CircuitPolicy, DenialPolicy, PromptCachePolicy
from pipeline.platform.postgres import Postgres
from pipeline.platform.sql import Statements

SQL = Statements(Path(__file__).with_name("call_ledger.sql"))


class PostgresCallLedger:
    """``models.ports.CallLedger``."""

    def __init__(
        self, postgres: Postgres, circuit: CircuitPolicy, denials: DenialPolicy, prompt_cache: PromptCachePolicy
    ) -> None:
        self._postgres = postgres
        self._circuit = circuit
        self._denials = denials
        self._prompt_cache = prompt_cache

    def begin(self, call: PlannedCall, limits: Limits) -> CallBegun | CallDenied:
        for _ in range(2):
            (row,) = self._postgres.run_locked(
                SQL.lock_begin,
                SQL.begin,
                id=str(call.id),
                purpose=call.owner.purpose,
                owner_id=str(call.owner.id),
                attempt=call.owner.attempt,
                tenant_id=call.owner.tenant_id,
                model_id=call.model_id,
                reserved_usd=call.max_cost_usd,
                slot_seconds=call.slot_s,
                slots=limits.concurrent_model_calls,
                daily_usd=limits.daily_usd,
                daily_usd_per_tenant=limits.daily_usd_per_tenant,
                failures_allowed=self._circuit.failures_allowed,
                probe_seconds=self._circuit.probe_s,
                prefix=str(call.prefix.id) if call.prefix else None,
                writes_per_read=call.prefix.writes_per_read if call.prefix else None,
                first_writes=self._prompt_cache.first_writes,
                calls_per_write=self._prompt_cache.calls_per_write,
                prefix_seconds=self._prompt_cache.lifetime_s,
            )
            if row["begun"]:
                return CallBegun(row["marks_prefix"])
            if not row["model_available"]:
                return CallDenied(DenialReason.MODEL_DOWN, max(row["open_for"] or 0.0, 1.0))
            if not row["slot_free"]:
                return CallDenied(DenialReason.NO_SLOT, self._denials.no_slot_s)
            if row["day_rows_exist"]:
                break
            self._postgres.run(SQL.open_day, tenant_id=call.owner.tenant_id)  # the tenant's first call of the day
        return CallDenied(DenialReason.DAILY_LIMIT, min(row["day_ends_in"], self._denials.daily_limit_s))

    def end(self, call_id: UUID, outcome: CallOutcome) -> None:
        self._postgres.run(
            SQL.end,
            id=str(call_id),
            outcome=outcome.outcome,
            input_tokens=outcome.usage.input_tokens,
            output_tokens=outcome.usage.output_tokens,
            cache_read_tokens=outcome.usage.cache_read_tokens,
            cache_write_tokens=outcome.usage.cache_write_tokens,
            cost_usd=outcome.cost_usd,
            healthy=outcome.healthy,
            failures_allowed=self._circuit.failures_allowed,
            shortest_pause=self._circuit.shortest_pause_s,
            longest_pause=self._circuit.longest_pause_s,
            most_writes=self._prompt_cache.most_writes,
        )

    def stage_spending(self) -> Decimal:
        (row,) = self._postgres.run(SQL.stage_spending)
        return Decimal(row["usd"])
