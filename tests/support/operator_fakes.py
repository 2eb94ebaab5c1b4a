"""Fakes of what an operator's use cases need, over the fake job store."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from analysis.domain.dead_letter import BuriedLetter, DeadLetter, Fate
from analysis.domain.failure import Failure
from analysis.domain.job import JobStatus
from analysis.domain.redrive import FailedJob, Order, Outcome, Redriven, Sought

from tests.support.fakes import FakeClock, InMemoryJobStore

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class InMemoryGraveyard:
    """``Graveyard`` in a dictionary."""

    def __init__(self, store: InMemoryJobStore, clock: FakeClock) -> None:
        self._store = store
        self._clock = clock
        self._buried: dict[str, BuriedLetter] = {}

    def bury(self, letter: DeadLetter, deliveries: int, failure: Failure) -> Fate:
        if letter.message_id not in self._buried:
            fate = self._fate(letter.job_id, failure)
            size, digest = letter.body_bytes, letter.body_sha256
            buried = BuriedLetter(letter.message_id, letter.job_id, fate, deliveries, size, digest, self._clock())
            self._buried[letter.message_id] = buried
        return self._buried[letter.message_id].fate

    def letters(self, since: datetime | None, limit: int) -> list[BuriedLetter]:
        found = [letter for letter in self._buried.values() if letter.buried_at >= (since or LONG_AGO)]
        return sorted(found, key=lambda letter: letter.buried_at, reverse=True)[:limit]

    def count(self, since: datetime | None) -> dict[str, int]:
        return dict(Counter(letter.fate.value for letter in self.letters(since, len(self._buried))))

    def _fate(self, job_id: UUID | None, failure: Failure) -> Fate:
        if job_id is None:
            return Fate.NO_MESSAGE_OF_OURS
        row = self._store.rows.get(job_id)
        if row is None:
            return Fate.NO_SUCH_JOB
        if row.status.final or (row.lease_until and row.lease_until > self._clock()):
            return Fate.JOB_LEFT
        row.status, row.failure, row.finished_at = JobStatus.FAILED, failure, self._clock()
        row.lease_until = row.due_at = None
        return Fate.JOB_FAILED


class InMemoryFailedJobs:
    """``FailedJobs`` in a dictionary."""

    def __init__(self, store: InMemoryJobStore) -> None:
        self._store = store
        self.orders: dict[UUID, Order] = {}

    def find(self, sought: Sought) -> list[FailedJob]:
        return self._found(sought)[: sought.limit]

    def count(self, sought: Sought) -> dict[str, int]:
        return dict(Counter(job.code for job in self._found(sought)))

    def redrive(self, job_id: UUID, new_id: UUID, order: Order) -> Redriven:
        row = self._store.rows.get(job_id)
        if row is None:
            return Redriven(Outcome.NO_SUCH_JOB)
        if row.status is not JobStatus.FAILED:
            return Redriven(Outcome.NOT_FAILED)
        before = self._store.redriven_as(job_id)
        if before and before != new_id and not order.again:
            return Redriven(Outcome.ALREADY_REDRIVEN, before, row.job.tenant_id)
        if new_id not in self._store.rows:
            self._store.record(replace(row.job, id=new_id, idempotency_key=None))
            self._store.redrives[new_id] = job_id
            self.orders[new_id] = order
        return Redriven(Outcome.REDRIVEN, new_id, row.job.tenant_id)

    def _found(self, sought: Sought) -> list[FailedJob]:
        found = []
        for job_id, row in self._store.rows.items():
            if row.status is not JobStatus.FAILED or row.failure is None or row.finished_at is None:
                continue
            again = self._store.redriven_as(job_id)
            if (
                sought.code in (None, row.failure.code)
                and sought.analysis in (None, row.job.analysis)
                and row.finished_at >= (sought.since or LONG_AGO)
                and not (sought.waiting and again)
            ):
                who = (job_id, row.job.tenant_id, row.job.analysis, row.job.config.model.id)
                why = (row.failure.code.value, row.failure.message, row.attempt)
                found.append(FailedJob(*who, *why, row.created_at, row.finished_at, again))
        return sorted(found, key=lambda job: (job.finished_at, job.id), reverse=True)
