"""Calls of the model: how many, written down before, and how many at once."""

from collections import Counter
from decimal import Decimal

from chaos_harness.history import History

MAX_CALLS = 3
"""Of one attempt: the answer and two corrections."""

MAX_ATTEMPTS = 3
"""That count. A job that was given back because of throttling, or an outage, has that attempt for nothing."""

CLOCKS_S = 0.05
"""The same clock, read by two processes."""


def bounded(history: History) -> list[str]:
    """No attempt calls more than three times, and no more than three attempts that count call at all."""
    per_attempt = Counter((call.job_id, call.attempt) for call in history.model_calls)
    wrong = [
        f"job {job}: {count} calls in attempt {attempt}"
        for (job, attempt), count in per_attempt.items()
        if count > MAX_CALLS
    ]
    attempts = Counter(job for job, _ in per_attempt)
    deferrals = {job.id: job.deferrals for job in history.jobs}
    wrong += [
        f"job {job}: {count} attempts called the model, of which {deferrals.get(job, 0)} may not count"
        for job, count in attempts.items()
        if count - deferrals.get(job, 0) > MAX_ATTEMPTS
    ]
    return wrong


def written_down_before(history: History) -> list[str]:
    """For a job's so-many-th call there are that many rows in the ledger, all begun before it."""
    rows: dict[str, list[float]] = {}
    for row in history.ledger:
        rows.setdefault(row.job_id, []).append(row.started_at)
    made: Counter[str] = Counter()
    wrong = []
    for call in sorted(history.model_calls, key=lambda call: call.began_at):
        made[call.job_id] += 1
        before = [at for at in rows.get(call.job_id, []) if at <= call.began_at + CLOCKS_S]
        if len(before) < made[call.job_id]:
            wrong.append(f"job {call.job_id}: call {made[call.job_id]}, and {len(before)} rows in the ledger")
    return wrong


def spent_as_written(history: History) -> list[str]:
    """A day's money is the sum of its calls: what they cost, or what was reserved where nobody knows."""
    summed: dict[tuple[str, str], Decimal] = {}
    for row in history.ledger:
        usd = row.reserved_usd if row.cost_usd is None else row.cost_usd
        for tenant in ("", row.tenant_id):
            summed[row.day, tenant] = summed.get((row.day, tenant), Decimal(0)) + usd
    spent = {(spend.day, spend.tenant_id): spend.usd for spend in history.spend}
    return [
        f"{tenant or 'the stage'} on {day}: spent {spent.get((day, tenant))}, and the ledger says {usd}"
        for (day, tenant), usd in summed.items()
        if spent.get((day, tenant), Decimal(0)) != usd
    ]


def within_the_cap(history: History) -> list[str]:
    """The model never has more calls in hand than the stage allows."""
    most = most_at_once(history)
    return [f"{most} calls at once, and {history.model_cap} are allowed"] if most > history.model_cap else []


def most_at_once(history: History) -> int:
    """Calls in hand."""
    steps = [(call.began_at, 1) for call in history.model_calls]
    steps += [(call.ended_at if call.ended_at is not None else history.ended_at, -1) for call in history.model_calls]
    at_once = most = 0
    for _, step in sorted(steps):
        at_once += step
        most = max(most, at_once)
    return most
