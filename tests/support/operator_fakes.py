"""Fakes of the ports of the operator's use cases, on top of the fake job store."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from pipeline.jobs.domain.dead_letter import DeadLetter, DeadLetterOutcome, DeadLetterRecord
from pipeline.jobs.domain.erasure import DueObjects, ErasureRequest, ErasureSelection
from pipeline.jobs.domain.failure import Failure
from pipeline.jobs.domain.job import JobStatus
from pipeline.jobs.domain.redrive import FailedJob, FailedJobFilter, Redriven, RedriveOutcome, RedriveRequest

from tests.support.fakes import FakeClock, InMemoryJobStore

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class InMemoryDeadLetterStore:
    """``DeadLetterStore`` in a dictionary."""

    def __init__(self, store: InMemoryJobStore, clock: FakeClock) -> None:
        self._store = store
        self._clock = clock
        self._records: dict[str, DeadLetterRecord] = {}

    def record(self, dead_letter: DeadLetter, deliveries: int, failure: Failure) -> DeadLetterOutcome:
        if dead_letter.message_id not in self._records:
            outcome = self._outcome(dead_letter.job_id, failure)
            size, digest = dead_letter.body_bytes, dead_letter.body_sha256
            record = DeadLetterRecord(
                dead_letter.message_id, dead_letter.job_id, outcome, deliveries, size, digest, self._clock()
            )
            self._records[dead_letter.message_id] = record
        return self._records[dead_letter.message_id].outcome

    def list_records(self, since: datetime | None, limit: int) -> list[DeadLetterRecord]:
        found = [record for record in self._records.values() if record.recorded_at >= (since or LONG_AGO)]
        return sorted(found, key=lambda record: record.recorded_at, reverse=True)[:limit]

    def count_by_outcome(self, since: datetime | None) -> dict[str, int]:
        return dict(Counter(record.outcome.value for record in self.list_records(since, len(self._records))))

    def _outcome(self, job_id: UUID | None, failure: Failure) -> DeadLetterOutcome:
        if job_id is None:
            return DeadLetterOutcome.UNRECOGNIZED
        row = self._store.rows.get(job_id)
        if row is None:
            return DeadLetterOutcome.JOB_MISSING
        if row.status.final or (row.lease_until and row.lease_until > self._clock()):
            return DeadLetterOutcome.JOB_UNAFFECTED
        row.status, row.failure, row.finished_at = JobStatus.FAILED, failure, self._clock()
        row.lease_until = row.due_at = None
        return DeadLetterOutcome.JOB_FAILED


class InMemoryFailedJobs:
    """``FailedJobs`` in a dictionary."""

    def __init__(self, store: InMemoryJobStore) -> None:
        self._store = store
        self.requests: dict[UUID, RedriveRequest] = {}

    def find(self, filter_: FailedJobFilter) -> list[FailedJob]:
        return self._found(filter_)[: filter_.limit]

    def count_by_code(self, filter_: FailedJobFilter) -> dict[str, int]:
        return dict(Counter(job.code for job in self._found(filter_)))

    def redrive(self, job_id: UUID, new_id: UUID, request: RedriveRequest) -> Redriven:
        row = self._store.rows.get(job_id)
        if row is None:
            return Redriven(RedriveOutcome.NO_SUCH_JOB)
        if row.status is not JobStatus.FAILED:
            return Redriven(RedriveOutcome.NOT_FAILED)
        if row.erased_at:
            return Redriven(RedriveOutcome.ERASED)
        before = self._store.redriven_as(job_id)
        if before and before != new_id and not request.again:
            return Redriven(RedriveOutcome.ALREADY_REDRIVEN, before, row.job.tenant_id)
        if new_id not in self._store.rows:
            self._store.record(replace(row.job, id=new_id, idempotency_key=None), row.max_cost_usd)
            self._store.redrives[new_id] = job_id
            self.requests[new_id] = request
        return Redriven(RedriveOutcome.REDRIVEN, new_id, row.job.tenant_id)

    def _found(self, filter_: FailedJobFilter) -> list[FailedJob]:
        found = []
        for job_id, row in self._store.rows.items():
            if row.status is not JobStatus.FAILED or not row.failure or not row.finished_at or row.erased_at:
                continue
            again = self._store.redriven_as(job_id)
            if (
                filter_.code in (None, row.failure.code)
                and filter_.analysis in (None, row.job.analysis)
                and row.finished_at >= (filter_.since or LONG_AGO)
                and not (filter_.not_redriven and again)
            ):
                job = (job_id, row.job.tenant_id, row.job.analysis, row.job.config.model.id)
                failure = (row.failure.code.value, row.failure.message, row.attempt)
                found.append(FailedJob(*job, *failure, row.created_at, row.finished_at, again))
        return sorted(found, key=lambda job: (job.finished_at, job.id), reverse=True)


class InMemoryErasureStore:
    """``ErasureStore`` on the fake job store, without the records that are no jobs."""

    def __init__(self, store: InMemoryJobStore, clock: FakeClock) -> None:
        self._store = store
        self._clock = clock
        self.audit: list[tuple[ErasureRequest, int]] = []

    def erase_expired(self, retention_s: int, limit: int) -> list[UUID]:
        latest = self._clock() - timedelta(seconds=retention_s)
        return self._erase(self.find(ErasureSelection(ended_before=latest), limit))

    def delete_expired_records(self, retention_s: int, limit: int) -> None: ...

    def objects_due(self, late_s: int, limit: int) -> list[DueObjects]:
        due = [
            DueObjects(job_id, (self._clock() - row.finished_at).total_seconds() >= late_s)
            for job_id, row in self._store.rows.items()
            if row.finished_at and row.objects_due_at and row.objects_due_at <= self._clock()
        ]
        return due[:limit]

    def objects_deleted(self, due: DueObjects, late_s: int) -> None:
        row = self._store.rows[due.job_id]
        assert row.finished_at
        row.objects_due_at = None if due.last else row.finished_at + timedelta(seconds=late_s)

    def find(self, selection: ErasureSelection, limit: int) -> list[UUID]:
        if selection.job_ids is not None:
            return list(selection.job_ids[:limit])
        found = [
            (row.finished_at, job_id)
            for job_id, row in self._store.rows.items()
            if row.finished_at
            and row.erased_at is None
            and selection.tenant_id in (None, row.job.tenant_id)
            and row.finished_at >= (selection.ended_from or LONG_AGO)
            and (selection.ended_before is None or row.finished_at < selection.ended_before)
        ]
        return [job_id for _, job_id in sorted(found)[:limit]]

    def count(self, selection: ErasureSelection) -> tuple[int, int]:
        rows = {id_: row for id_, row in self._store.rows.items() if id_ in (selection.job_ids or self._store.rows)}
        ended = [id_ for id_ in self.find(selection, len(rows) or 1) if id_ in rows]
        open_ = [
            row
            for row in rows.values()
            if not row.status.final
            and selection.tenant_id in (None, row.job.tenant_id)
            and (selection.ended_before is None or row.created_at < selection.ended_before)
        ]
        return sum(rows[id_].status.final and rows[id_].erased_at is None for id_ in ended), len(open_)

    def erase(self, job_ids: list[UUID], selection: ErasureSelection, request: ErasureRequest) -> list[UUID]:
        if erased := self._erase(job_ids):
            self.audit.append((request, len(erased)))
        return sorted(id_ for id_ in job_ids if (row := self._store.rows.get(id_)) and row.erased_at)

    def _erase(self, job_ids: list[UUID]) -> list[UUID]:
        rows = {id_: row for id_ in job_ids if (row := self._store.rows.get(id_))}
        erased = [id_ for id_, row in rows.items() if row.status.final and row.erased_at is None]
        for job_id in erased:
            rows[job_id].erase(self._clock())
        return erased
