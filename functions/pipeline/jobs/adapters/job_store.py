"""The job store in PostgreSQL. The rules are in the schema; here each change is one guarded statement."""

import json
from typing import Any
from uuid import UUID, uuid4

from pipeline.jobs.adapters import job_statements as sql
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import (
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
from pipeline.models.prices import Usage
from pipeline.platform.errors import Unavailable
from pipeline.platform.postgres import Postgres, Row


class PostgresJobStore:
    """``services.ports.JobStore`` on one connection."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def record(self, job: NewJob) -> SubmittedJob:
        identity = {"id": str(job.id), "tenant_id": job.tenant_id, "idempotency_key": job.idempotency_key}
        for _ in range(3):
            rows = self._postgres.run(
                sql.RECORD,
                job.tenant_id,
                **identity,
                request_fingerprint=job.request_fingerprint,
                analysis=job.analysis,
                model_id=job.config.model.id,
                input=_json(job.input),
                metadata=_json(job.metadata),
                config_fingerprint=job.config.fingerprint,
                config=job.config.as_json(),
            )
            # Not recorded: the key is taken. If its job was withdrawn in between, the key is free again.
            rows = rows or self._postgres.run(sql.RECORDED, job.tenant_id, **identity)
            if rows:
                return SubmittedJob(**rows[0])
        raise Unavailable("database")

    def find(self, tenant_id: str, idempotency_key: str) -> SubmittedJob | None:
        rows = self._postgres.run(sql.FIND, tenant_id, tenant_id=tenant_id, idempotency_key=idempotency_key)
        return SubmittedJob(**rows[0]) if rows else None

    def mark_enqueued(self, job_id: UUID, tenant_id: str | None = None) -> bool:
        return bool(self._run(sql.MARK_ENQUEUED, tenant_id, job_id) or self._run(sql.KNOWN, tenant_id, job_id))

    def withdraw(self, job_id: UUID, tenant_id: str) -> bool:
        return bool(self._run(sql.WITHDRAW, tenant_id, job_id) or not self._run(sql.KNOWN, tenant_id, job_id))

    def get(self, job_id: UUID, tenant_id: str) -> JobView | None:
        rows = self._postgres.run(sql.GET, tenant_id, id=str(job_id), tenant_id=tenant_id)
        return _view(rows[0]) if rows else None

    def page(self, tenant_id: str, wanted: JobFilter) -> Page:
        after = wanted.after
        of_status = {} if wanted.status is None else {"status": wanted.status.value}
        rows = self._postgres.run(
            sql.LIST_OF_STATUS if of_status else sql.LIST,
            tenant_id,
            tenant_id=tenant_id,
            analysis=wanted.analysis,
            created_from=wanted.created_from,
            created_before=wanted.created_before,
            after_at=after.created_at if after else None,
            after_id=str(after.id) if after else None,
            most=wanted.limit + 1,  # one more tells whether there is a next page
            **of_status,
        )
        jobs = [_view({**row, "result": None, "result_key": None}) for row in rows[: wanted.limit]]
        return Page(jobs, Cursor(jobs[-1].created_at, jobs[-1].id) if len(rows) > wanted.limit else None)

    def cancel(self, job_id: UUID, tenant_id: str) -> bool:
        return bool(self._postgres.run(sql.CANCEL, tenant_id, id=str(job_id), tenant_id=tenant_id))

    def waiting(self, tenant_id: str, most: int) -> int:
        (row,) = self._postgres.run(sql.WAITING, tenant_id, tenant_id=tenant_id, most=most)
        return int(row["jobs"])

    def claim(self, job_id: UUID, lease_seconds: int) -> ClaimedJob | NotClaimed:
        claim = {"id": str(job_id), "claim_id": str(uuid4())}
        rows = self._postgres.run(sql.CLAIM, **claim, lease=lease_seconds)
        # It may have been claimed by this very call, on a connection that was lost before the answer came.
        rows = rows or self._postgres.run(sql.CLAIMED, **claim)
        if rows:
            row = rows[0]
            return ClaimedJob(
                id=row["id"],
                tenant_id=row["tenant_id"],
                attempt=row["attempt"],
                deferrals=row["deferrals"],
                analysis=row["analysis"],
                input=row["input"],
                accepted_at=row["created_at"],
                config=row["config"],
                failed_calls=row["failed_calls"],
            )
        rows = self._postgres.run(sql.WHY_NOT_CLAIMED, id=str(job_id))
        if not rows:
            return NotClaimed(None)
        return NotClaimed(JobStatus(rows[0]["status"]), rows[0]["seconds_left"] or 0.0)

    def extend_lease(self, job_id: UUID, attempt: int, lease_seconds: int) -> bool:
        return bool(self._postgres.run(sql.EXTEND_LEASE, id=str(job_id), attempt=attempt, lease=lease_seconds))

    def release(self, job_id: UUID, attempt: int, reason: str, *, deferred: bool, delay_seconds: int) -> bool:
        return self._end(
            sql.RELEASE,
            JobStatus.QUEUED,
            job_id,
            attempt,
            reason=reason,
            deferred=int(deferred),
            delay=delay_seconds,
        )

    def succeed(self, job_id: UUID, attempt: int, result: JobResult) -> bool:
        return self._end(
            sql.SUCCEED,
            JobStatus.SUCCEEDED,
            job_id,
            attempt,
            result=result.document,
            result_key=result.key,
            result_bytes=result.size,
        )

    def fail(self, job_id: UUID, attempt: int, failure: Failure) -> bool:
        return self._end(
            sql.FAIL,
            JobStatus.FAILED,
            job_id,
            attempt,
            error_code=failure.code.value,
            error_message=failure.message,
            error_retryable=failure.retryable,
        )

    def stranded(self, never_enqueued_for: int, waiting_for: int, limit: int) -> list[JobMessage]:
        rows = self._postgres.run(sql.STRANDED, never_enqueued=never_enqueued_for, waiting=waiting_for, most=limit)
        return [JobMessage.of(row["id"], row["tenant_id"]) for row in rows]

    def ping(self) -> None:
        self._postgres.run("SELECT 1 AS one FROM jobs LIMIT 1")

    def _run(self, statement: str, tenant_id: str | None, job_id: UUID) -> list[Row]:
        return self._postgres.run(statement, tenant_id, id=str(job_id))

    def _end(self, statement: str, status: JobStatus, job_id: UUID, attempt: int, **values: object) -> bool:
        of_attempt = {"id": str(job_id), "attempt": attempt}
        if self._postgres.run(statement, **of_attempt, **values):
            return True
        # It may have been done by this very call, on a connection that was lost before the answer came.
        return bool(self._postgres.run(sql.ENDED_AS, **of_attempt, status=status.value))


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
        result=row["result"],
        result_key=row["result_key"],
        usage=Usage(row["input_tokens"], row["output_tokens"], row["cache_read_tokens"], row["cache_write_tokens"]),
        cost_usd=float(row["cost_usd"]),
        failure=Failure(_known(code), row["error_message"], row["error_retryable"]) if code else None,
        metadata=row["metadata"],
        redrive_of=row.get("redrive_of"),  # a list does not say
        redriven_as=row.get("redriven_as"),
    )


def _known(code: str) -> FailureCode:
    """The code; ``internal_error`` for one of a newer release, whose message says more."""
    return FailureCode(code) if code in FailureCode else FailureCode.INTERNAL_ERROR


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
