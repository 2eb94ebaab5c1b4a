"""Invariants of model calls: their number, their record in the ledger, their concurrency."""

from collections import Counter
from decimal import Decimal

from chaos_harness.history import History, ModelCall
from chaos_harness.judge.leases import DELIVERY_S, OUTAGES, SILENCE_S

MAX_CALLS = 3
"""Calls of one attempt: the answer and two corrections."""

MAX_ATTEMPTS = 3
"""Attempts that count. One that was deferred because of throttling or an outage does not."""

MAX_PAID_CALLS = MAX_ATTEMPTS * MAX_CALLS
"""Calls of one job that Bedrock bills or may bill, deferred attempts included."""

FAILURES_ALLOWED = 10
"""Consecutive failures that open a model's circuit."""

CLOCKS_S = 0.05
"""Tolerance for one clock that two processes read."""


def bounded(history: History) -> list[str]:
    """No attempt makes more than three calls, no more than three counted attempts make any, and no job pays for more
    than nine, however its attempts end.
    """
    per_attempt = Counter((call.job_id, call.attempt) for call in history.model_calls)
    wrong = [
        f"job {job}: {count} calls in attempt {attempt}"
        for (job, attempt), count in per_attempt.items()
        if count > MAX_CALLS
    ]
    attempts = Counter(job for job, _ in per_attempt)
    deferrals = {job.id: job.deferrals for job in history.jobs}
    wrong += [
        f"job {job}: {count} attempts called the model, of which {deferrals.get(job, 0)} were deferred"
        for job, count in attempts.items()
        if count - deferrals.get(job, 0) > MAX_ATTEMPTS
    ]
    paid = Counter(row.job_id for row in history.ledger if row.cost_usd != 0)
    wrong += [f"job {job}: {count} paid calls" for job, count in paid.items() if count > MAX_PAID_CALLS]
    return wrong


def recorded_before(history: History) -> list[str]:
    """Before the nth call of a job the ledger has n rows of it."""
    rows: dict[str, list[float]] = {}
    for row in history.ledger:
        rows.setdefault(row.job_id, []).append(row.started_at)
    made: Counter[str] = Counter()
    wrong = []
    for call in sorted(history.model_calls, key=lambda call: call.began_at):
        made[call.job_id] += 1
        before = [at for at in rows.get(call.job_id, []) if at <= call.began_at + CLOCKS_S]
        if len(before) < made[call.job_id]:
            wrong.append(f"job {call.job_id}: call {made[call.job_id]}, but only {len(before)} rows in the ledger")
    return wrong


def spending_equals_ledger(history: History) -> list[str]:
    """A day's recorded spending is the sum of its calls: their cost, or the reserved amount if it is unknown."""
    summed: dict[tuple[str, str], Decimal] = {}
    for row in history.ledger:
        usd = row.reserved_usd if row.cost_usd is None else row.cost_usd
        for tenant in ("", row.tenant_id):
            summed[row.day, tenant] = summed.get((row.day, tenant), Decimal(0)) + usd
    spent = {(spend.day, spend.tenant_id): spend.usd for spend in history.spend}
    return [
        f"{tenant or 'the stage'} on {day}: {spent.get((day, tenant))} recorded, but the ledger adds up to {usd}"
        for (day, tenant), usd in summed.items()
        if spent.get((day, tenant), Decimal(0)) != usd
    ]


def within_the_cap(history: History) -> list[str]:
    """The model never has more concurrent calls than the stage allows."""
    most = most_concurrent(history)
    return [f"{most} concurrent calls; {history.model_cap} are allowed"] if most > history.model_cap else []


def shared_by_tenants(history: History) -> list[str]:
    """No tenant ever holds every slot: one stays free for a tenant that has none."""
    calls: dict[str, list[ModelCall]] = {}
    tenants = {job.id: job.tenant_id for job in history.jobs}
    for call in history.model_calls:
        calls.setdefault(tenants.get(call.job_id, ""), []).append(call)
    return [
        f"{tenant} had {most} concurrent calls of {history.model_cap}"
        for tenant, own in calls.items()
        if history.model_cap > 1 and (most := most_concurrent(history, own)) >= history.model_cap
    ]


def resumes_after_an_outage(history: History) -> list[str]:
    """After an outage the model is called again once the shortest pause of its circuit has passed.

    Calls that failed together open it once. What was due meanwhile needs a delivery more.
    """
    usual = history.circuit_pause + 2 * DELIVERY_S + (SILENCE_S if OUTAGES & set(history.faults) else 0.0)
    wrong = []
    for outage in history.outages:
        if outage.refused <= FAILURES_ALLOWED:
            continue
        after = [call.began_at for call in history.model_calls if call.began_at > outage.ended_at]
        waited = min(after, default=history.ended_at) - outage.ended_at
        if waited > usual:
            wrong.append(
                f"no call for {waited:.1f} s after an outage of {outage.refused} calls; the limit is {usual:.1f} s"
            )
    return wrong


def most_concurrent(history: History, calls: list[ModelCall] | None = None) -> int:
    """The largest number of concurrent calls, of all or of some."""
    calls = history.model_calls if calls is None else calls
    steps = [(call.began_at, 1) for call in calls]
    steps += [(call.ended_at if call.ended_at is not None else history.ended_at, -1) for call in calls]
    concurrent = most = 0
    for _, step in sorted(steps):
        concurrent += step
        most = max(most, concurrent)
    return most
