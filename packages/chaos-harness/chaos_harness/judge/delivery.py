"""What was accepted is done, once."""

import json
from collections import Counter

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
"""Written down a second time on purpose: the product's own table is what is judged."""

DATABASE_AWAY = frozenset({"api-kill", "ack-lost", "postgres-crash", "postgres-hang", "postgres-terminate"})
"""Faults under which a refused job's record may survive: it can only be withdrawn while the database answers."""


PATIENCE = 3
"""Attempts that a job has before it fails for a reason that might have passed. Throttled ones do not count."""

PASSING = frozenset({"attempts_exhausted", "internal_error", "model_failed"})
HOPELESS = {"output_truncated": "bedrock-truncate", "invalid_output": "bedrock-garbage"}
"""What a job may fail of at once, and the fault that must have been at work."""


def ends_once(history: History) -> list[str]:
    """Every 202 is followed by one final state; so is what was recorded for somebody who got no answer."""
    finals = Counter(event.job_id for event in history.events if event.to_status in FINAL)
    expected = history.accepted() | {job.id for job in history.jobs}
    return [f"job {job}: {finals[job]} final states" for job in sorted(expected) if finals[job] != 1]


def fails_only_for_cause(history: History) -> list[str]:
    """Not for what passes, throttling least of all, while it has attempts left."""
    return [
        f"job {job.id}: {job.error_code} after {job.attempt} attempts, of which {job.deferrals} do not count"
        for job in history.jobs
        if job.status == "failed"
        and not (
            HOPELESS.get(job.error_code or "") in history.faults
            or (job.error_code in PASSING and job.attempt - job.deferrals >= PATIENCE)
            or (job.error_code == "attempts_exhausted" and job.id in history.buried)
        )
    ]


def final_never_changes(history: History) -> list[str]:
    """Neither in the events nor in the row."""
    wrong = []
    rows = {job.id: job.status for job in history.jobs}
    for job_id, events in history.events_of().items():
        finals = [at for at, event in enumerate(events) if event.to_status in FINAL]
        if finals and finals[0] != len(events) - 1:
            wrong.append(f"job {job_id}: {events[-1].event} after it was {events[finals[0]].to_status}")
        if finals and rows.get(job_id) != events[finals[0]].to_status:
            wrong.append(f"job {job_id}: is {rows.get(job_id)}, was {events[finals[0]].to_status}")
    return wrong


def only_legal_transitions(history: History) -> list[str]:
    """Each event starts where the last one ended, and a new attempt is a claim."""
    wrong = []
    for job_id, events in history.events_of().items():
        status, attempt = None, 0
        for event in events:
            if event.from_status != status or (event.from_status, event.to_status) not in LEGAL:
                wrong.append(f"job {job_id}: {event.event} from {event.from_status} to {event.to_status} at {status}")
            if event.attempt != attempt + (event.to_status == "running"):
                wrong.append(f"job {job_id}: {event.event} of attempt {event.attempt} after {attempt}")
            status, attempt = event.to_status, event.attempt
    return wrong


def none_disappears(history: History) -> list[str]:
    """A job that was accepted is there, and was not withdrawn."""
    there = {job.id for job in history.jobs}
    return [f"job {job}: accepted, and gone" for job in sorted(history.accepted() - there)]


def one_job_for_a_key(history: History) -> list[str]:
    """Every 202 to the same key names the same job, and there is one job with it."""
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
    """A request without a key that was refused with 503 leaves no job, while the database answers."""
    if DATABASE_AWAY & set(history.faults):
        return []
    lost = {made.number for made in history.submissions if made.status in (0, 500)}
    accepted = history.accepted()
    orphans = [job for job in history.jobs if job.id not in accepted and job.number not in lost and not job.key]
    return [f"job {job.id}: {job.status}, though its request was refused" for job in orphans]


def nothing_stuck(history: History) -> list[str]:
    """A message in the dead-letter queue belongs to a job that has come to its end."""
    status = {job.id: job.status for job in history.jobs}
    wrong = []
    for body in history.dead_letters:
        job_id = json.loads(body).get("job_id", "")
        if status.get(job_id) not in FINAL:
            wrong.append(f"job {job_id}: {status.get(job_id)}, and its message is dead")
    return wrong


def throttled_all_succeed(history: History) -> list[str]:
    """Of a run of nothing but throttling."""
    if not history.throttled:
        return []
    cancelled = {made.job_id for made in history.cancellations if made.status == 200}
    failed = [job for job in history.jobs if job.status != "succeeded" and job.id not in cancelled]
    wrong = [f"job {job.id}: {job.status} {job.error_code or ''}" for job in failed]
    return wrong + [f"dead: {letter}" for letter in [*history.dead_letters, *history.buried]]
