"""The judge: it finds no violation in a good history, and names the violated invariant of each bad one."""

from decimal import Decimal
from typing import Any

import pytest
from chaos_harness.history import (
    Cancellation,
    Event,
    History,
    Job,
    LedgerRow,
    ModelCall,
    Outage,
    Refused,
    Spend,
    StoredObject,
    Submission,
    View,
    WorkerFault,
)
from chaos_harness.judge import INVARIANTS, judge
from chaos_harness.report import report

A, B = "a" * 8, "b" * 8
LEASE = 3.0


def event(number: int, job: str, at: float, status: str | None, before: str | None, attempt: int) -> Event:
    name = {None: "withdrawn", "running": "claimed", "queued": "released" if before else "accepted"}.get(status, status)
    return Event(id=number, job_id=job, at=at, event=str(name), from_status=before, to_status=status, attempt=attempt)


def job(job_id: str, **more: Any) -> Job:
    attempt = more.get("attempt", 1)
    given = {
        "id": job_id,
        "tenant_id": "t",
        "key": None,
        "number": 0,
        "status": "succeeded",
        "attempt": 1,
        "deferrals": 0,
        "result_key": f"results/{job_id}/{attempt}.json",
        "expected_result_key": f"results/{job_id}/{attempt}.json",
        "result_bytes": 10,
    }
    return Job.model_validate({**given, **more})


def call(job_id: str, attempt: int, at: float, seconds: float = 0.2) -> ModelCall:
    return ModelCall(worker=1, job_id=job_id, attempt=attempt, began_at=at, ended_at=at + seconds, outcome="200")


def row(job_id: str, attempt: int, at: float, cost: str | None = "0.25") -> LedgerRow:
    return LedgerRow(
        job_id=job_id,
        attempt=attempt,
        started_at=at,
        outcome="answered",
        tenant_id="t",
        day="2026-11-21",
        reserved_usd=Decimal(1),
        cost_usd=Decimal(cost) if cost else None,
    )


def spend(of_tenant: str, of_stage: str) -> list[Spend]:
    return [
        Spend(day="2026-11-21", tenant_id="t", usd=Decimal(of_tenant)),
        Spend(day="2026-11-21", tenant_id="", usd=Decimal(of_stage)),
    ]


def good() -> History:
    """Two jobs: A succeeds at once; the worker of B is frozen, and another one finishes B."""
    return History(
        seed=1,
        requested_jobs=2,
        faults=["freeze-worker", "bedrock-throttle"],
        throttled=False,
        mutant=None,
        factor=10,
        lease=LEASE,
        model_cap=2,
        began_at=0,
        ended_at=20,
        submissions=[
            Submission(number=0, key="k", sent_at=0, answered_at=1, status=202, job_id=A),
            Submission(number=0, key="k", sent_at=0, answered_at=1, status=202, job_id=A),
            Submission(number=1, key=None, sent_at=0, answered_at=1, status=202, job_id=B),
        ],
        views=[View(job_id=A, states=["queued", "running", "succeeded"])],
        cancellations=[Cancellation(job_id=A, status=409)],
        events=[
            event(1, A, 0.5, "queued", None, 0),
            event(2, B, 0.6, "queued", None, 0),
            event(3, A, 1.0, "running", "queued", 1),
            event(4, A, 2.0, "succeeded", "running", 1),
            event(5, B, 2.1, "running", "queued", 1),
            event(6, B, 6.0, "running", "running", 2),
            event(7, B, 7.0, "succeeded", "running", 2),
        ],
        jobs=[job(A, key="k"), job(B, number=1, attempt=2)],
        ledger=[
            row(A, 1, 1.1),
            row(B, 1, 2.2, None),
            row(B, 2, 6.2),
        ],
        spend=spend("1.5", "1.5"),
        model_calls=[call(A, 1, 1.2), call(B, 1, 2.3), call(B, 2, 6.3)],
        objects=[
            StoredObject(key=f"results/{A}/1.json", size=10, versions=1),
            StoredObject(key=f"results/{B}/1.json", size=10, versions=1),
            StoredObject(key=f"results/{B}/2.json", size=10, versions=1),
        ],
        dead_letters=[],
        worker_faults=[WorkerFault(fault="freeze-worker", at=2.4, job_id=B, attempt=1)],
        late_refused=[Refused(job_id=B, attempt=1)],
        nothing_to_do=[],
        postponed=[],
        recorded_dead_letters=[],
        evidence={"bedrock-throttle": 1},
    )


def test_a_good_history_has_no_violation() -> None:
    verdict = report(good())
    assert verdict.good
    assert verdict.as_text().endswith("every invariant held")
    assert (verdict.longest_recovery_s, verdict.longest_recovery_product_s) == (3.6, 36.0)
    assert (verdict.model_calls_per_job_mean, verdict.model_calls_per_job_max) == (1.5, 2)
    assert verdict.took_effect == {"freeze-worker": 1, "bedrock-throttle": 1}


def replaced(events: list[Event], number: int, **changes: Any) -> list[Event]:
    return [each.model_copy(update=changes) if each.id == number else each for each in events]


HISTORY = good()
EVENTS = HISTORY.events
BAD: list[tuple[str, dict[str, Any]]] = [
    ("every accepted job ends exactly once", {"events": EVENTS[:-1]}),
    ("every accepted job ends exactly once", {"events": [*EVENTS, event(8, B, 8, "failed", "succeeded", 2)]}),
    ("every accepted job ends exactly once", {"jobs": [*HISTORY.jobs, job("c", status="queued", result_key=None)]}),
    ("a final job never changes", {"events": [*EVENTS, event(8, B, 8, "failed", "succeeded", 2)]}),
    ("a final job never changes", {"jobs": [job(A, key="k", status="cancelled"), HISTORY.jobs[1]]}),
    ("only legal transitions", {"events": [*EVENTS, event(8, B, 8, "queued", "succeeded", 2)]}),
    ("only legal transitions", {"events": replaced(EVENTS, 4, from_status="queued")}),
    ("only legal transitions", {"events": replaced(EVENTS, 7, attempt=3)}),
    ("no accepted job disappears", {"jobs": HISTORY.jobs[:1]}),
    ("a job fails only for cause", {"jobs": [job(A, key="k", status="failed", error_code="model_failed", attempt=1)]}),
    ("a job fails only for cause", {"jobs": [job(A, key="k", status="failed", error_code="output_truncated")]}),
    (
        "one key, one job",
        {
            "submissions": [
                *HISTORY.submissions,
                Submission(number=0, key="k", sent_at=0, answered_at=1, status=202, job_id=B),
            ]
        },
    ),
    ("one key, one job", {"jobs": [*HISTORY.jobs, job("c", key="k")]}),
    ("one key, one job", {"jobs": [*HISTORY.jobs, job("c", number=0)]}),
    (
        "a refused request leaves no job",
        {
            "jobs": [*HISTORY.jobs, job("c", number=1)],
            "submissions": [
                *HISTORY.submissions,
                Submission(number=1, key=None, sent_at=0, answered_at=1, status=503),
            ],
        },
    ),
    ("a dead letter belongs to an ended job", {"dead_letters": ['{"job_id": "c"}']}),
    ("throttled jobs all succeed", {"throttled": True, "jobs": [job(A, key="k", status="failed"), HISTORY.jobs[1]]}),
    ("throttled jobs all succeed", {"throttled": True, "dead_letters": [f'{{"job_id": "{A}"}}']}),
    ("throttled jobs all succeed", {"throttled": True, "recorded_dead_letters": [A]}),
    ("no claim while a lease lives", {"events": replaced(EVENTS, 6, at=2.5)}),
    ("a dead worker's job runs again in time", {"events": replaced(EVENTS, 6, at=19.0)}),
    ("a living worker keeps its job", {"faults": ["bedrock-throttle"]}),
    ("late results are refused", {"late_refused": []}),
    ("late results are refused", {"late_refused": [Refused(job_id=A, attempt=1)]}),
    ("late results are refused", {"late_refused": [Refused(job_id=B, attempt=1), Refused(job_id=B, attempt=2)]}),
    ("the result is the latest attempt's", {"jobs": [HISTORY.jobs[0], job(B, attempt=2, result_key="results/b/1")]}),
    ("the result is the latest attempt's", {"objects": HISTORY.objects[:2]}),
    ("the result is the latest attempt's", {"jobs": [job(A, key="k", result_bytes=11), HISTORY.jobs[1]]}),
    ("no object is overwritten", {"objects": [*HISTORY.objects[1:], StoredObject(key="k", size=1, versions=2)]}),
    ("calls of a job are bounded", {"model_calls": [call(A, 1, at) for at in (1, 2, 3, 4)]}),
    ("calls of a job are bounded", {"model_calls": [call(B, attempt, 7) for attempt in (1, 2, 3, 4)]}),
    ("calls of a job are bounded", {"ledger": [row(A, at, at, None) for at in range(10)]}),
    ("a ledger row before each call", {"model_calls": [*HISTORY.model_calls, call(A, 1, 1.5)]}),
    ("a ledger row before each call", {"model_calls": [call(A, 1, 1.0)]}),
    ("recorded spending equals the ledger", {"spend": spend("1.5", "1.25")}),
    ("recorded spending equals the ledger", {"spend": spend("1.75", "1.5")}),
    ("recorded spending equals the ledger", {"spend": []}),
    ("no more concurrent calls than allowed", {"model_calls": [call(job_id, 1, 7.0) for job_id in (A, B, A)]}),
    ("no tenant holds every slot", {"model_calls": [call(A, 1, 1.2), call(B, 1, 1.3)]}),
    ("an outage ends with the shortest pause", {"outages": [Outage(began_at=6.0, ended_at=6.5, refused=16)]}),
    (
        "a tenant stays within its day",
        {"jobs": [job(A, key="k", input_bytes=101), HISTORY.jobs[1]], "daily_bytes": 100},
    ),
    ("a tenant stays within its day", {"daily_bytes": 100}),
    ("clients never see a job go back", {"views": [View(job_id=A, states=["succeeded", "running"])]}),
    ("clients never see a job go back", {"views": [View(job_id=A, states=["queued", "not found"])]}),
    ("a cancelled job stays cancelled", {"cancellations": [Cancellation(job_id=A, status=200)]}),
    ("every fault took effect", {"evidence": {}}),
    ("every fault took effect", {"faults": ["freeze-worker", "kill-worker"]}),
    ("every fault took effect", {"faults": ["freeze-worker", "sqs-duplicate"], "duplicated": [A]}),
    ("every fault took effect", {"faults": ["freeze-worker", "sqs-delay"], "delayed": [A]}),
]


@pytest.mark.parametrize(("invariant", "changes"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_a_violated_invariant_is_named(invariant: str, changes: dict[str, Any]) -> None:
    bad = HISTORY.model_copy(update=changes)
    assert invariant in judge(bad)
    assert not report(bad).good
    assert f"VIOLATED: {invariant}" in report(bad).as_text()


def test_every_invariant_can_be_violated() -> None:
    assert {invariant for invariant, _ in BAD} == set(INVARIANTS)


def test_the_job_of_a_refused_request_is_no_violation_if_a_fault_stops_the_database() -> None:
    history = HISTORY.model_copy(update={"jobs": [*HISTORY.jobs, job("c", number=1)]})
    name = "a refused request leaves no job"
    assert name in judge(history)
    assert name not in judge(history.model_copy(update={"faults": [*history.faults, "postgres-crash"]}))


def test_a_tenant_that_was_refused_at_its_limit_is_no_violation() -> None:
    refused = Submission(number=2, key=None, sent_at=0, answered_at=1, status=429, tenant="flood")
    jobs = [job(A, key="k", input_bytes=60), job(B, number=1, attempt=2, tenant_id="flood", input_bytes=100)]
    changes = {"jobs": jobs, "daily_bytes": 100, "submissions": [*HISTORY.submissions, refused]}
    assert "a tenant stays within its day" not in judge(HISTORY.model_copy(update=changes))


def test_the_model_may_pause_after_an_outage_that_opened_no_circuit() -> None:
    few = [Outage(began_at=6.0, ended_at=6.5, refused=5)]
    assert "an outage ends with the shortest pause" not in judge(HISTORY.model_copy(update={"outages": few}))


def test_a_saved_history_is_equal() -> None:
    assert History.model_validate_json(HISTORY.model_dump_json()) == HISTORY


def test_a_postponed_job_may_recover_later() -> None:
    late = HISTORY.model_copy(update={"events": replaced(EVENTS, 6, at=12.0)[:6]})
    name = "a dead worker's job runs again in time"
    assert name in judge(late)
    assert name not in judge(late.model_copy(update={"postponed": [B]}))
