"""The job store in PostgreSQL. The schema holds the rules; here each change is one guarded statement."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from pipeline.jobs.domain.admission import UNLIMITED, Admission, DailyLimit
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import (
    Cancellation,
    ClaimedJob,
    JobMessage,
    JobResult,
    JobStatus,
    JobView,
    NewJob,
    NotClaimed,
    SubmittedJob,
)
from pipeline.jobs.domain.listing import Cursor, JobFilter, Page
from pipeline.jobs.errors import DailyLimitReached, QueueTooCostly, TooManyQueued
from pipeline.models.prices import Usage
from pipeline.platform.errors import RequestRefused, Unavailable
from pipeline.platform.postgres import Postgres
from pipeline.platform.rows import Row
from pipeline.platform.sql import Statements

SQL = Statements(Path(__file__).with_name("jobs.sql"))


class PostgresJobStore:
    """``jobs.ports.JobStore`` on one connection."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def submit(self, job: NewJob, admission: Admission = UNLIMITED) -> SubmittedJob:
        document, metadata = _json(job.input), _json(job.metadata)
        for _ in range(3):
            (row,) = self._postgres.run(
                SQL.submit,
                job.tenant_id,
                id=str(job.id),
                tenant_id=job.tenant_id,
                idempotency_key=job.idempotency_key,
                request_fingerprint=job.request_fingerprint,
                analysis=job.analysis,
                model_id=job.config.model.id,
                input=document,
                metadata=metadata,
                bytes=len(document.encode()) + len(metadata.encode()),
                config_fingerprint=job.config.fingerprint,
                config=job.config.as_json(),
                **asdict(admission),
            )
            if row["id"]:
                return _submitted(row)
            # Another request with this key committed meanwhile: its job is visible to the next statement, unless it
            # was withdrawn since, and then the key is free again.
            if row["reached"]:
                if job.idempotency_key and (earlier := self.find_by_key(job.tenant_id, job.idempotency_key)):
                    return earlier
                raise _limit_reached(row, admission)
        raise Unavailable("database")

    def find_by_key(self, tenant_id: str, idempotency_key: str) -> SubmittedJob | None:
        rows = self._postgres.run(SQL.find_by_key, tenant_id, tenant_id=tenant_id, idempotency_key=idempotency_key)
        return _submitted(rows[0]) if rows else None

    def mark_enqueued(self, job_id: UUID, tenant_id: str | None = None) -> bool:
        return bool(self._run(SQL.mark_enqueued, tenant_id, job_id) or self._run(SQL.exists, tenant_id, job_id))

    def withdraw(self, job_id: UUID, tenant_id: str) -> bool:
        return bool(self._run(SQL.withdraw, tenant_id, job_id) or not self._run(SQL.exists, tenant_id, job_id))

    def get(self, job_id: UUID, tenant_id: str) -> JobView | None:
        rows = self._postgres.run(SQL.get, tenant_id, id=str(job_id), tenant_id=tenant_id)
        return _view(rows[0]) if rows else None

    def list_jobs(self, tenant_id: str, filter_: JobFilter) -> Page:
        after = filter_.after
        of_status = {} if filter_.status is None else {"status": filter_.status.value}
        rows = self._postgres.run(
            SQL.list_jobs_of_status if of_status else SQL.list_jobs,
            tenant_id,
            tenant_id=tenant_id,
            analysis=filter_.analysis,
            created_from=filter_.created_from,
            created_before=filter_.created_before,
            after_at=after.created_at if after else None,
            after_id=str(after.id) if after else None,
            max_rows=filter_.limit + 1,  # one more shows whether there is a next page
            **of_status,
        )
        jobs = [_view(row) for row in rows[: filter_.limit]]
        return Page(jobs, Cursor(jobs[-1].created_at, jobs[-1].id) if len(rows) > filter_.limit else None)

    def cancel(self, job_id: UUID, tenant_id: str) -> Cancellation:
        rows = self._postgres.run(SQL.cancel, tenant_id, id=str(job_id), tenant_id=tenant_id)
        if not rows:
            return Cancellation(None, cancelled=False)
        job, cancelled = _view(rows[0]), bool(rows[0]["cancelled"])
        if job.status.final:
            return Cancellation(job, cancelled)
        # It ended in another transaction while this statement waited for it: its snapshot is older than that.
        return Cancellation(self._without_result(job_id, tenant_id), cancelled=False)

    def erase(self, job_id: UUID, tenant_id: str) -> JobView | None:
        for _ in range(2):
            self._postgres.run(SQL.erase, tenant_id, id=str(job_id), tenant_id=tenant_id)
            job = self._without_result(job_id, tenant_id)
            if job is None or job.erased_at or not job.status.final:
                return job
            # It had not ended for the first statement, and had for the second: the next try erases it.
        raise Unavailable("database")

    def claim(self, job_id: UUID, lease_seconds: int) -> ClaimedJob | NotClaimed:
        claim = {"id": str(job_id), "claim_id": str(uuid4())}
        rows = self._postgres.run(SQL.claim, **claim, lease=lease_seconds)
        # It may have been claimed by this call, on a connection that broke before the answer arrived.
        rows = rows or self._postgres.run(SQL.claimed, **claim)
        if rows:
            row = rows[0]
            return ClaimedJob(
                id=row["id"],
                tenant_id=row["tenant_id"],
                attempt=row["attempt"],
                deferrals=row["deferrals"],
                analysis=row["analysis"],
                input=row["input"],
                created_at=row["created_at"],
                config=row["config"],
                failed_calls=row["failed_calls"],
                paid_calls=row["paid_calls"],
            )
        rows = self._postgres.run(SQL.claim_refusal, id=str(job_id))
        if not rows:
            return NotClaimed(None)
        return NotClaimed(JobStatus(rows[0]["status"]), rows[0]["seconds_left"] or 0.0)

    def extend_lease(self, job_id: UUID, attempt: int, lease_seconds: int) -> bool:
        return bool(self._postgres.run(SQL.extend_lease, id=str(job_id), attempt=attempt, lease=lease_seconds))

    def release(self, job_id: UUID, attempt: int, reason: str, *, deferred: bool, delay_seconds: int) -> bool:
        return self._end(
            SQL.release,
            JobStatus.QUEUED,
            job_id,
            attempt,
            reason=reason,
            deferred=int(deferred),
            delay=delay_seconds,
        )

    def succeed(self, job_id: UUID, attempt: int, result: JobResult) -> bool:
        return self._end(
            SQL.succeed,
            JobStatus.SUCCEEDED,
            job_id,
            attempt,
            result=result.result_json,
            result_key=result.key,
            result_bytes=result.size,
            result_sha256=result.sha256,
        )

    def fail(self, job_id: UUID, attempt: int, failure: Failure) -> bool:
        return self._end(
            SQL.fail,
            JobStatus.FAILED,
            job_id,
            attempt,
            error_code=failure.code.value,
            error_message=failure.message,
            error_retryable=failure.retryable,
        )

    def stranded(self, overdue_s: int, backlog_s: int, limit: int) -> list[JobMessage]:
        rows = self._postgres.run(SQL.stranded, overdue_s=overdue_s, backlog_s=backlog_s, max_rows=limit)
        return [JobMessage.of(row["id"], row["tenant_id"]) for row in rows]

    def ping(self) -> None:
        self._postgres.run(SQL.ping)

    def _without_result(self, job_id: UUID, tenant_id: str) -> JobView | None:
        job = self.get(job_id, tenant_id)
        return job and replace(job, result=None, result_key=None, result_sha256=None)

    def _run(self, statement: str, tenant_id: str | None, job_id: UUID) -> list[Row]:
        return self._postgres.run(statement, tenant_id, id=str(job_id))

    def _end(self, statement: str, status: JobStatus, job_id: UUID, attempt: int, **values: object) -> bool:
        of_attempt = {"id": str(job_id), "attempt": attempt}
        if self._postgres.run(statement, **of_attempt, **values):
            return True
        # It may have been done by this call, on a connection that broke before the answer arrived.
        return bool(self._postgres.run(SQL.ended_as, **of_attempt, status=status.value))


def _limit_reached(row: Row, admission: Admission) -> RequestRefused:
    if row["reached"] == "queued_jobs" and admission.max_queued is not None:
        return TooManyQueued(admission.max_queued)
    if row["reached"] == "queued_usd":
        return QueueTooCostly()
    return DailyLimitReached(DailyLimit(row["reached"]), row["day_ends_in"])


def _submitted(row: Row) -> SubmittedJob:
    return SubmittedJob(row["id"], row["created_at"], row["request_fingerprint"], row["enqueued"])


def _view(row: Row) -> JobView:
    code = row["error_code"]
    return JobView(
        id=row["id"],
        status=JobStatus(row["status"]),
        analysis=row["analysis"],
        model_id=row["model_id"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        attempts=row["attempt"],
        result=row.get("result"),
        result_key=row.get("result_key"),
        result_sha256=row.get("result_sha256"),
        usage=Usage(row["input_tokens"], row["output_tokens"], row["cache_read_tokens"], row["cache_write_tokens"]),
        cost_usd=float(row["cost_usd"]),
        failure=_failure(_known(code), row["error_message"], row["error_retryable"]) if code else None,
        metadata=row["metadata"] or {},
        redrive_of=row.get("redrive_of"),  # a list omits both
        redriven_as=row.get("redriven_as"),
        erased_at=row["erased_at"],
    )


def _failure(code: FailureCode, message: str | None, retryable: bool) -> Failure:
    """The failure. That of an erased job has only the standing explanation of its code."""
    return replace(Failure.of(code), retryable=retryable) if message is None else Failure(code, message, retryable)


def _known(code: str) -> FailureCode:
    """The code; ``internal_error`` for one of a newer release, whose message explains it."""
    return FailureCode(code) if code in FailureCode else FailureCode.INTERNAL_ERROR


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
