"""Claims, and what becomes of workers that were thought dead."""

import math
from collections import Counter
from itertools import pairwise

from chaos_harness.history import FINAL, Event, History, Strike
from chaos_harness.proxies.request_faults import LONGEST_DELAY_S

LOCK_WAIT_S = 1.0
"""A lease begins when its statement does, an event is written when the lock was had: so much may lie between."""

DELIVERY_S = 4.0
"""One delivery: the message that came too early is sent again with a delay in whole seconds (1), the longest wait for a
free worker behind the backlog (2), and a lost connection's silence (1). 40 s at the product's pace."""

SILENCE_S = 3.0
"""A worker that finds the database silent waits for it twice."""

LEFT_S = 3.0
"""A message that could not even be put off comes back after this: the worker's RETRY_S at this pace."""

OUTAGES = frozenset({"ack-lost", "postgres-crash", "postgres-hang", "postgres-terminate"})
"""While the database is away nothing goes on, and no lease is renewed."""

TAKE_LEASES = OUTAGES | {"kill-worker", "freeze-worker"}


def no_claim_while_leased(history: History) -> list[str]:
    """A running job is claimed again only once a whole lease has passed since it was claimed."""
    wrong = []
    for job_id, events in history.events_of().items():
        for before, event in pairwise(events):
            taken_over = (event.from_status, event.to_status) == ("running", "running")
            if taken_over and event.at - before.at < history.lease - LOCK_WAIT_S:
                wrong.append(f"job {job_id}: claimed {event.at - before.at:.2f} s after attempt {before.attempt} began")
    return wrong


def recovered_in_time(history: History) -> list[str]:
    """A job whose worker died or froze goes on after the lease and one delivery, and what held that delivery up."""
    faults, delayed, put_off = set(history.faults), set(history.delayed), Counter(history.put_off)
    usual = history.lease + DELIVERY_S
    usual += SILENCE_S if OUTAGES & faults else 0.0
    usual += LEFT_S if "sqs-error" in faults else 0.0
    wrong = []
    for strike, seconds in recoveries(history):
        limit = usual + put_off[strike.job_id] * 2 * history.lease
        limit += LONGEST_DELAY_S if strike.job_id in delayed else 0.0
        if seconds > limit:
            wrong.append(f"job {strike.job_id}: went on {seconds:.1f} s after {strike.fault}, not {limit:.1f} s")
    return wrong


def recoveries(history: History) -> list[tuple[Strike, float]]:
    """For each strike after which another worker took the job over: how long that took."""
    found = []
    events_of = history.events_of()
    for strike in history.strikes:
        events = events_of.get(strike.job_id, [])
        if _status_at(events, strike) == ("running", strike.attempt):
            after = next(event for event in [*events, _NEVER] if event.at > strike.at)
            if after.from_status == after.to_status == "running":
                found.append((strike, after.at - strike.at))
    return found


def living_keep_their_jobs(history: History) -> list[str]:
    """A worker that is neither struck nor cut off from the database renews its lease, however long the model takes."""
    if TAKE_LEASES & set(history.faults):
        return []
    return [
        f"job {event.job_id}: attempt {event.attempt} began while another worked on it"
        for event in history.events
        if (event.from_status, event.to_status) == ("running", "running")
    ]


def late_results_refused(history: History) -> list[str]:
    """Where workers were frozen beyond their leases, the fence has been tested; and nothing got past it."""
    refused = {(line.job_id, line.attempt) for line in history.late_refused}
    frozen = {(strike.job_id, strike.attempt) for strike in history.strikes if strike.fault == "freeze-worker"}
    if "freeze-worker" in history.faults and not frozen & refused:
        return ["workers were frozen, and no late result of theirs was refused: the fence was not tested"]
    return [
        f"job {event.job_id}: {event.to_status} by attempt {event.attempt}, which was refused"
        for event in history.events
        if event.to_status in FINAL and event.event != "cancelled" and (event.job_id, event.attempt) in refused
    ]


_NEVER = Event(id=0, job_id="", at=math.inf, event="", from_status=None, to_status=None, attempt=0)


def _status_at(events: list[Event], strike: Strike) -> tuple[str | None, int]:
    before = [event for event in events if event.at <= strike.at]
    return (before[-1].to_status, before[-1].attempt) if before else (None, 0)
