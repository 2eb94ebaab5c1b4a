"""A job in each of its states, and every operation on it."""

from uuid import UUID

from pipeline.jobs.domain.erasure import DueObjects, ErasureSelection
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import JobResult

from tests.support.concurrently import Operation, State, Work
from tests.support.erasure_contract import REQUEST
from tests.support.fakes import FakeClock
from tests.support.invariants import result_key
from tests.support.jobs import new_job
from tests.support.operator_contract import REQUEST as REDRIVE

JOB, SAME_KEY = new_job(job_id=UUID(int=1), key="k"), new_job(job_id=UUID(int=2), key="k")
ID = JOB.id
FAILURE = Failure.of(FailureCode.MODEL_FAILED)


def result(attempt: int) -> JobResult:
    return JobResult.of(result_key(ID, attempt), b'{"mood":"ok"}')


def absent(work: Work, clock: FakeClock) -> None:
    pass


def recorded(work: Work, clock: FakeClock) -> None:
    work.store.submit(JOB)


def withdrawn(work: Work, clock: FakeClock) -> None:
    recorded(work, clock)
    assert work.store.withdraw(ID, JOB.tenant_id)


def enqueued(work: Work, clock: FakeClock) -> None:
    recorded(work, clock)
    clock.forward(10)
    assert work.store.mark_enqueued(ID)


def running(work: Work, clock: FakeClock) -> None:
    enqueued(work, clock)
    clock.forward(10)
    work.store.claim(ID, 5000)


def lease_expired(work: Work, clock: FakeClock) -> None:
    enqueued(work, clock)
    work.store.claim(ID, 30)
    clock.forward(100)


def claimed_by_another(work: Work, clock: FakeClock) -> None:
    lease_expired(work, clock)
    work.store.claim(ID, 5000)


def not_due(work: Work, clock: FakeClock) -> None:
    running(work, clock)
    assert work.store.release(ID, 1, "throttled", deferred=True, delay_seconds=1000)
    work.store.mark_enqueued(ID)


def due(work: Work, clock: FakeClock) -> None:
    running(work, clock)
    assert work.store.release(ID, 1, "throttled", deferred=True, delay_seconds=10)
    clock.forward(100)


def succeeded(work: Work, clock: FakeClock) -> None:
    running(work, clock)
    assert work.store.succeed(ID, 1, result(1))


def failed(work: Work, clock: FakeClock) -> None:
    running(work, clock)
    assert work.store.fail(ID, 1, FAILURE)


def cancelled(work: Work, clock: FakeClock) -> None:
    running(work, clock)
    assert work.store.cancel(ID, "a").cancelled


def erased(work: Work, clock: FakeClock) -> None:
    succeeded(work, clock)
    assert work.store.erase(ID, "a")


OF_ITS_REQUEST: dict[str, Operation] = {
    "submit": lambda work: work.store.submit(JOB),
    "submit another with its key": lambda work: work.store.submit(SAME_KEY),
}
# Attempt 1 is the running attempt, or one that lost the job to attempt 2.
OF_A_JOB: dict[str, Operation] = {
    "mark enqueued": lambda work: work.store.mark_enqueued(ID),
    "withdraw": lambda work: work.store.withdraw(ID, JOB.tenant_id),
    "claim": lambda work: work.store.claim(ID, 60),
    "extend the lease": lambda work: work.store.extend_lease(ID, 1, 700),
    "release as throttled": lambda work: work.store.release(ID, 1, "throttled", deferred=True, delay_seconds=0),
    "release after an error": lambda work: work.store.release(ID, 1, "broken", deferred=False, delay_seconds=300),
    "succeed": lambda work: work.store.succeed(ID, 1, result(1)),
    "succeed in attempt 2": lambda work: work.store.succeed(ID, 2, result(2)),
    "fail": lambda work: work.store.fail(ID, 1, FAILURE),
    "cancel": lambda work: work.store.cancel(ID, "a"),
    "erase": lambda work: work.store.erase(ID, "a"),
    "stranded": lambda work: work.store.stranded(60, 60, 9),
}
OF_ITS_CONTENT: dict[str, Operation] = {
    "erase": lambda work: work.store.erase(ID, "a"),
    "erase as an operator": lambda work: work.erasures.erase([ID], ErasureSelection((ID,)), REQUEST),
    "end the retention": lambda work: work.erasures.erase_expired(0, 9),
    "objects due": lambda work: work.erasures.objects_due(900, 9),
    "objects deleted": lambda work: work.erasures.objects_deleted(DueObjects(ID, last=False), 900),
    "objects deleted for the last time": lambda work: work.erasures.objects_deleted(DueObjects(ID, last=True), 900),
    "redrive": lambda work: work.failed.redrive(ID, UUID(int=3), REDRIVE).outcome,
}
STATES: tuple[State, ...] = (
    recorded,
    enqueued,
    running,
    lease_expired,
    claimed_by_another,
    not_due,
    due,
    succeeded,
    failed,
    cancelled,
)
