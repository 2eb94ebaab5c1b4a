"""The call ledger in PostgreSQL: what was asked of the models, within which limits, and what it cost."""

from uuid import UUID

from pipeline.models import call_statements as sql
from pipeline.models.calls import CallDenied, CallOutcome, DailySpend, DenialReason, PlannedCall
from pipeline.models.stage_config import Limits
from pipeline.platform.postgres import Postgres

FAILURES_ALLOWED = 10
"""In a row, of all workers together. At a third of calls throttled that happens once in 60,000 calls."""

SHORTEST_PAUSE_S = 10.0
"""How long a model is left alone; twice as long after each probe that fails."""

LONGEST_PAUSE_S = 300.0

PROBE_S = 30.0
"""A probe that says nothing for this long is given up, and another job may try."""

NO_SLOT_S = 5.0

NO_MONEY_S = 600.0
"""Before the day ends there is more when calls under way turn out cheaper than they might have, or when somebody raises
the limit. No longer than SQS can delay a message."""


class PostgresCallLedger:
    """``services.ports.CallLedger``."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def begin(self, call: PlannedCall, limits: Limits) -> CallDenied | None:
        for _ in range(2):
            (row,) = self._postgres.run(
                sql.BEGIN,
                id=str(call.id),
                job_id=str(call.job_id),
                attempt=call.attempt,
                tenant_id=call.tenant_id,
                model_id=call.model_id,
                reserved_usd=call.reserved_usd,
                longest=call.longest,
                slots=limits.concurrent_model_calls,
                daily_usd=limits.daily_usd,
                daily_usd_per_tenant=limits.daily_usd_per_tenant,
                failures_allowed=FAILURES_ALLOWED,
                probe_seconds=PROBE_S,
            )
            if row["begun"]:
                return None
            if not row["healthy"]:
                return CallDenied(DenialReason.MODEL_DOWN, max(row["open_for"] or 0.0, 1.0))
            if not row["placed"]:
                return CallDenied(DenialReason.NO_SLOT, NO_SLOT_S)
            if row["days"] == 2:
                break
            self._postgres.run(sql.OPEN_DAY, tenant_id=call.tenant_id)  # the tenant's first call of the day
        return CallDenied(DenialReason.DAILY_LIMIT, min(row["day_ends_in"], NO_MONEY_S))

    def end(self, call_id: UUID, end: CallOutcome) -> None:
        self._postgres.run(
            sql.END,
            id=str(call_id),
            outcome=end.outcome,
            input_tokens=end.usage.input_tokens,
            output_tokens=end.usage.output_tokens,
            cache_read_tokens=end.usage.cache_read_tokens,
            cache_write_tokens=end.usage.cache_write_tokens,
            cost_usd=end.cost_usd,
            healthy=end.healthy,
            failures_allowed=FAILURES_ALLOWED,
            shortest_pause=SHORTEST_PAUSE_S,
            longest_pause=LONGEST_PAUSE_S,
        )

    def spent_today(self, tenant_id: str) -> DailySpend:
        (row,) = self._postgres.run(sql.SPENT, tenant_id, tenant_id=tenant_id)
        return DailySpend(**row)
