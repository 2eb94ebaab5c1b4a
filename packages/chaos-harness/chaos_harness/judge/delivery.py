"""Invariants of delivery: every accepted job ends, and only once."""

import json
from collections import Counter

from chaos_harness.flood import TENANT
from chaos_harness.history import FINAL, History

LEGAL = frozenset(
    {
        (None, "queued"),
        ("queued", "running"),
        ("queued", "cancelled"),
        ("queued", "failed"),  # by the consumer of the dead-letter queue
        ("queued", None),  # withdrawn
        ("running", "running"),
        ("running", "queued"),
        ("running", "succeeded"),
        ("running", "failed"),
        ("running", "cancelled"),
    }
)
"""The legal transitions: a deliberate copy, because the product's table is under test."""

DATABASE_OUTAGES = frozenset({"api-kill", "ack-lost", "postgres-crash", "postgres-hang", "postgres-terminate"})
"""Faults under which the record of a refused job may survive: withdrawing it needs the database."""

ATTEMPTS = 3
"""Attempts before a job fails for a temporary reason. Deferred attempts, such as throttled ones, do not count."""

TEMPORARY = frozenset({"attempts_exhausted", "internal_error", "model_failed"})
PERMANENT = {"output_truncated": {"bedrock-truncate"}, "invalid_output": {"bedrock-garbage", "bedrock-waste"}}
"""Reasons to fail at the first attempt, with the faults of which one must have been injected."""


def ends_once(history: History) -> list[str]:
    """Every job reaches one final state, also one whose client got no answer."""
    finals = Counter(event.job_id for event in history.events if event.to_status in FINAL)
    expected = history.accepted() | {job.id for job in history.jobs}
    return [f"job {job}: {finals[job]} final states" for job in sorted(expected) if finals[job] != 1]


def fails_only_for_cause(history: History) -> list[str]:
    """No job fails for a temporary reason while it has attempts left."""
    return [
        f"job {job.id}: {job.error_code} after {job.attempt} attempts, of which {job.deferrals} were deferred"
        for job in history.jobs
        if job.status == "failed"
        and not (
            PERMANENT.get(job.error_code or "", set()) & set(history.faults)
            or (job.error_code in TEMPORARY and job.attempt - job.deferrals >= ATTEMPTS)
            or (job.error_code == "attempts_exhausted" and job.id in history.recorded_dead_letters)
        )
    ]


def final_never_changes(history: History) -> list[str]:
    """No event follows a final state, and the job's row has that state."""
    wrong = []
    rows = {job.id: job.status for job in history.jobs}
    for job_id, events in history.events_by_job().items():
        finals = [at for at, event in enumerate(events) if event.to_status in FINAL]
        if finals and finals[0] != len(events) - 1:
            wrong.append(f"job {job_id}: {events[-1].event} after {events[finals[0]].to_status}")
        if finals and rows.get(job_id) != events[finals[0]].to_status:
            wrong.append(f"job {job_id}: the row has {rows.get(job_id)}, the events {events[finals[0]].to_status}")
    return wrong


def only_legal_transitions(history: History) -> list[str]:
    """Each event starts in the state where the previous one ended, and only a claim starts an attempt."""
    wrong = []
    for job_id, events in history.events_by_job().items():
        status, attempt = None, 0
        for event in events:
            if event.from_status != status or (event.from_status, event.to_status) not in LEGAL:
                wrong.append(
                    f"job {job_id}: {event.event} from {event.from_status} to {event.to_status}, not from {status}"
                )
            if event.attempt != attempt + (event.to_status == "running"):
                wrong.append(f"job {job_id}: {event.event} of attempt {event.attempt} after {attempt}")
            status, attempt = event.to_status, event.attempt
    return wrong


def none_disappears(history: History) -> list[str]:
    """Every accepted job still exists."""
    existing = {job.id for job in history.jobs}
    return [f"job {job}: accepted, but it does not exist" for job in sorted(history.accepted() - existing)]


def one_job_for_a_key(history: History) -> list[str]:
    """Every 202 for a key names the same job, and only one job has the key."""
    wrong = []
    answered: dict[str, set[str]] = {}
    for made in history.submissions:
        if made.key and made.job_id:
            answered.setdefault(made.key, set()).add(made.job_id)
    wrong += [f"key {key}: {len(ids)} ids" for key, ids in answered.items() if len(ids) > 1]
    recorded = Counter((job.tenant_id, job.key) for job in history.jobs if job.key)
    wrong += [f"key {key}: {count} jobs" for (_, key), count in recorded.items() if count > 1]
    by_number: dict[int, set[str]] = {}
    with_key = {made.number for made in history.submissions if made.key}
    for job in history.jobs:
        if job.number in with_key:
            by_number.setdefault(job.number, set()).add(job.id)
    wrong += [f"document {number}: {len(ids)} jobs" for number, ids in by_number.items() if len(ids) > 1]
    return wrong


def refused_leaves_nothing(history: History) -> list[str]:
    """A request without a key that was refused with 503 leaves no job. Not checked if faults stop the database."""
    if DATABASE_OUTAGES & set(history.faults):
        return []
    lost = {made.number for made in history.submissions if made.status in (0, 500)}
    accepted = history.accepted()
    orphans = [job for job in history.jobs if job.id not in accepted and job.number not in lost and not job.key]
    return [f"job {job.id}: {job.status}, although its request was refused" for job in orphans]


def dead_letters_of_ended_jobs(history: History) -> list[str]:
    """The job of a message in the dead-letter queue has a final state."""
    status = {job.id: job.status for job in history.jobs}
    wrong = []
    for body in history.dead_letters:
        job_id = json.loads(body).get("job_id", "")
        if status.get(job_id) not in FINAL:
            wrong.append(f"job {job_id}: {status.get(job_id)}, but its message is a dead letter")
    return wrong


def within_the_day(history: History) -> list[str]:
    """No tenant stores more bytes than it may submit a day, also if it cancels its jobs."""
    stored: Counter[str] = Counter()
    for job in history.jobs:
        stored[job.tenant_id] += job.input_bytes
    limit = history.daily_bytes
    refused = any(made.status == 429 for made in history.submissions if made.tenant == TENANT)
    wrong = [
        f"{tenant}: {size} bytes; {limit} are allowed" for tenant, size in stored.items() if limit and size > limit
    ]
    return wrong + (
        [] if refused or not limit else [f"the tenant {TENANT} was never refused: its limit was not tested"]
    )


def throttled_all_succeed(history: History) -> list[str]:
    """In a run with throttling only, every job succeeds and no message becomes a dead letter."""
    if not history.throttled:
        return []
    cancelled = {made.job_id for made in history.cancellations if made.status == 200}
    failed = [job for job in history.jobs if job.status != "succeeded" and job.id not in cancelled]
    wrong = [f"job {job.id}: {job.status} {job.error_code or ''}" for job in failed]
    return wrong + [f"dead letter: {each}" for each in [*history.dead_letters, *history.recorded_dead_letters]]
