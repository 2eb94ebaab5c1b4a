"""Invariants of leases: claims, and the recovery of jobs from dead or frozen workers."""

import math
from collections import Counter
from itertools import pairwise

from chaos_harness.history import FINAL, Event, History, WorkerFault
from chaos_harness.proxies.request_faults import LONGEST_DELAY_S

LOCK_WAIT_S = 1.0
"""Longest time between the start of a lease and its event: the statement waits for the row lock in between."""

DELIVERY_S = 4.0
"""One delivery: the delay of a message that came too early, in whole seconds (1), the longest wait for a free worker
behind the backlog (2), and the silence of a lost connection (1). 40 s at the product's pace."""

SILENCE_S = 3.0
"""A worker waits twice for a silent database."""

REDELIVERY_S = 3.0
"""A message that could not be postponed is delivered again after this time: ``message_retry_s`` at this pace."""

OUTAGES = frozenset({"ack-lost", "postgres-crash", "postgres-hang", "postgres-terminate"})
"""Faults that stop the database. Meanwhile no lease is renewed."""

END_LEASES = OUTAGES | {"kill-worker", "freeze-worker"}


def no_claim_while_leased(history: History) -> list[str]:
    """A running job is not claimed again before a whole lease has passed since its claim."""
    wrong = []
    for job_id, events in history.events_by_job().items():
        for before, event in pairwise(events):
            taken_over = (event.from_status, event.to_status) == ("running", "running")
            if taken_over and event.at - before.at < history.lease - LOCK_WAIT_S:
                wrong.append(f"job {job_id}: claimed {event.at - before.at:.2f} s after attempt {before.attempt} began")
    return wrong


def recovered_in_time(history: History) -> list[str]:
    """The job of a dead or frozen worker continues after the lease, one delivery, and the injected delays."""
    faults, delayed, postponed = set(history.faults), set(history.delayed), Counter(history.postponed)
    usual = history.lease + DELIVERY_S
    usual += SILENCE_S if OUTAGES & faults else 0.0
    usual += REDELIVERY_S if "sqs-error" in faults else 0.0
    wrong = []
    for injected, seconds in recoveries(history):
        limit = usual + postponed[injected.job_id] * 2 * history.lease
        limit += LONGEST_DELAY_S if injected.job_id in delayed else 0.0
        if seconds > limit:
            wrong.append(
                f"job {injected.job_id}: continued {seconds:.1f} s after {injected.fault}; the limit is {limit:.1f} s"
            )
    return wrong


def recoveries(history: History) -> list[tuple[WorkerFault, float]]:
    """The faults after which another worker took over the job, and the seconds until it did."""
    found = []
    events_of = history.events_by_job()
    for injected in history.worker_faults:
        events = events_of.get(injected.job_id, [])
        if _status_at(events, injected) == ("running", injected.attempt):
            after = next(event for event in [*events, _NEVER] if event.at > injected.at)
            if after.from_status == after.to_status == "running":
                found.append((injected, after.at - injected.at))
    return found


def living_keep_their_jobs(history: History) -> list[str]:
    """A worker without a fault renews its lease for as long as the model takes."""
    if END_LEASES & set(history.faults):
        return []
    return [
        f"job {event.job_id}: attempt {event.attempt} began while another worked on it"
        for event in history.events
        if (event.from_status, event.to_status) == ("running", "running")
    ]


def late_results_refused(history: History) -> list[str]:
    """A frozen worker's late result is refused, at least one was, and no refused attempt ended a job."""
    refused = {(line.job_id, line.attempt) for line in history.late_refused}
    frozen = {
        (injected.job_id, injected.attempt) for injected in history.worker_faults if injected.fault == "freeze-worker"
    }
    if "freeze-worker" in history.faults and not frozen & refused:
        return ["workers were frozen, but no late result was refused: the fence was not tested"]
    return [
        f"job {event.job_id}: {event.to_status} by attempt {event.attempt}, which was refused"
        for event in history.events
        if event.to_status in FINAL and event.event != "cancelled" and (event.job_id, event.attempt) in refused
    ]


_NEVER = Event(id=0, job_id="", at=math.inf, event="", from_status=None, to_status=None, attempt=0)


def _status_at(events: list[Event], injected: WorkerFault) -> tuple[str | None, int]:
    before = [event for event in events if event.at <= injected.at]
    return (before[-1].to_status, before[-1].attempt) if before else (None, 0)
