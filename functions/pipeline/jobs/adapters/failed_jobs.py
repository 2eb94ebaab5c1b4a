"""Failed jobs and their redrives in PostgreSQL."""

from pathlib import Path
from uuid import UUID

from pipeline.jobs.domain.redrive import FailedJob, FailedJobFilter, Redriven, RedriveOutcome, RedriveRequest
from pipeline.platform.postgres import Postgres
from pipeline.platform.sql import Statements

SQL = Statements(Path(__file__).with_name("failed_jobs.sql"))


class PostgresFailedJobs:
    """``jobs.ports.FailedJobs``."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def find(self, filter_: FailedJobFilter) -> list[FailedJob]:
        return [
            FailedJob(**row) for row in self._postgres.run(SQL.find, **_conditions(filter_), max_rows=filter_.limit)
        ]

    def count_by_code(self, filter_: FailedJobFilter) -> dict[str, int]:
        return {
            row["error_code"]: row["count"] for row in self._postgres.run(SQL.count_by_code, **_conditions(filter_))
        }

    def redrive(self, job_id: UUID, new_id: UUID, request: RedriveRequest) -> Redriven:
        ids = {"id": str(job_id), "new_id": str(new_id)}
        made = self._postgres.run(
            SQL.redrive,
            **ids,
            requested_by=request.requested_by,
            reason=request.reason,
            request_id=request.request_id,
            again=request.again,
        )
        if made:
            return Redriven(RedriveOutcome.REDRIVEN, new_id, made[0]["tenant_id"])
        rows = self._postgres.run(SQL.redrive_refusal, **ids)
        if not rows:
            return Redriven(RedriveOutcome.NO_SUCH_JOB)
        if rows[0]["by_this_call"]:  # on a connection that broke before the answer arrived
            return Redriven(RedriveOutcome.REDRIVEN, new_id, rows[0]["tenant_id"])
        if not rows[0]["failed"]:
            return Redriven(RedriveOutcome.NOT_FAILED)
        if rows[0]["erased"]:
            return Redriven(RedriveOutcome.ERASED)
        return Redriven(RedriveOutcome.ALREADY_REDRIVEN, rows[0]["redriven_as"], rows[0]["tenant_id"])


def _conditions(filter_: FailedJobFilter) -> dict[str, object]:
    return {
        "code": filter_.code.value if filter_.code else None,
        "analysis": filter_.analysis,
        "since": filter_.since,
        "not_redriven": filter_.not_redriven,
    }
