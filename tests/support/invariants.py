"""Invariants of the tables, as ``Content.read`` returns them, that hold at every moment."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pipeline.jobs.domain.job import TRANSITIONS, JobStatus

Rows = list[dict[str, Any]]


def violations(content: dict[str, Rows], now: datetime) -> list[str]:
    """Every violation of an invariant."""
    rows = {row["id"]: row for row in content["jobs"]}
    histories: dict[str, Rows] = {job_id: [] for job_id in rows}
    for event in content["job_events"]:
        histories.setdefault(event["job_id"], []).append(event)
    found = [
        f"job {job_id}: {error}" for job_id, events in histories.items() for error in _of_job(rows, job_id, events)
    ]
    return found + list(_of_slots(content, now)) + list(_of_money(content)) + list(_of_admissions(content))


def _of_job(rows: dict[str, dict[str, Any]], job_id: str, events: Rows) -> Iterator[str]:
    status, attempt = None, 0
    for event in events:
        before, after = event["from_status"], event["to_status"]
        if before != status:
            yield f"was {status}, but {event['event']} starts from {before}"
        if event["event"] == "erased":
            if not (before == after and JobStatus(after).final):
                yield f"was erased on the way from {before} to {after}"
        elif None not in (before, after) and (JobStatus(before), JobStatus(after)) not in TRANSITIONS:
            yield f"went from {before} to {after}"
        if event["attempt"] != attempt + (after == "running"):
            yield f"{event['event']} in attempt {event['attempt']} after {attempt}"
        status, attempt = after, event["attempt"]
    row = rows.get(job_id)
    if row is None:
        if status is not None:
            yield f"was deleted in status {status}"
    elif (row["status"], row["attempt"]) != (status, attempt):
        yield f"is {row['status']} in attempt {row['attempt']}, but its events end {status} in {attempt}"
    elif (row["erased_at"] is not None) != any(event["event"] == "erased" for event in events):
        yield f"was erased at {row['erased_at']}, but its events differ"
    elif row["result_key"] not in (None, result_key(job_id, attempt)):
        yield f"has the result {row['result_key']} in attempt {attempt}"


def result_key(job_id: object, attempt: int) -> str:
    """Key of an attempt's result."""
    return f"results/{job_id}/{attempt}.json"


def _of_slots(content: dict[str, Rows], now: datetime) -> Iterator[str]:
    under_way = {call["id"] for call in content["model_calls"] if call["ended_at"] is None}
    held = Counter(slot["call_id"] for slot in content["model_slots"] if slot["held_until"] > now.isoformat())
    for call_id, slots in held.items():
        if slots > 1 or call_id not in under_way:
            yield f"{slots} slots are held for call {call_id}; calls in progress: {sorted(under_way)}"


def _of_money(content: dict[str, Rows]) -> Iterator[str]:
    spent: Counter[tuple[str, str]] = Counter()
    for call in content["model_calls"]:
        usd = call["reserved_usd"] if call["cost_usd"] is None else call["cost_usd"]
        for tenant in ("", call["tenant_id"]):
            spent[call["day"], tenant] += usd
    booked = {(day["day"], day["tenant_id"]): day["usd"] for day in content["daily_spend"]}
    if booked != {day: usd for day, usd in spent.items() if usd}:
        yield f"booked: {booked}; sum of the calls: {dict(spent)}"


def _of_admissions(content: dict[str, Rows]) -> Iterator[str]:
    queued = [job for job in content["jobs"] if job["status"] == "queued"]
    jobs = Counter(job["tenant_id"] for job in queued)
    usd: Counter[str] = Counter()
    for job in queued:
        usd[job["tenant_id"]] += job["max_cost_usd"]
    for row in content["admissions"]:
        counted, tenant = (row["queued_jobs"], row["queued_usd"]), row["tenant_id"]
        if counted != (jobs[tenant], usd[tenant]):
            yield f"{tenant} has {jobs[tenant]} queued jobs for {usd[tenant]} USD, but {counted} are counted"
    for tenant in jobs.keys() - {row["tenant_id"] for row in content["admissions"]}:
        yield f"the queued jobs of {tenant} are not counted"
