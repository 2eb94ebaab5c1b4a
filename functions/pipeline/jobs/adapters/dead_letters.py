"""Records of dead letters in PostgreSQL."""

from datetime import datetime
from pathlib import Path

from pipeline.jobs.domain.dead_letter import DeadLetter, DeadLetterOutcome, DeadLetterRecord
from pipeline.jobs.domain.failure import Failure
from pipeline.platform.postgres import Postgres
from pipeline.platform.sql import Statements

SQL = Statements(Path(__file__).with_name("dead_letters.sql"))


class PostgresDeadLetterStore:
    """``jobs.ports.DeadLetterStore``."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def record(self, dead_letter: DeadLetter, deliveries: int, failure: Failure) -> DeadLetterOutcome:
        rows = self._postgres.run(
            SQL.record,
            message_id=dead_letter.message_id,
            job_id=str(dead_letter.job_id) if dead_letter.job_id else None,
            deliveries=deliveries,
            body_bytes=dead_letter.body_bytes,
            body_sha256=dead_letter.body_sha256,
            error_code=failure.code.value,
            error_message=failure.message,
            error_retryable=failure.retryable,
        )
        rows = rows or self._postgres.run(SQL.outcome_of, message_id=dead_letter.message_id)
        return DeadLetterOutcome(rows[0]["outcome"])

    def list_records(self, since: datetime | None, limit: int) -> list[DeadLetterRecord]:
        rows = self._postgres.run(SQL.list_records, since=since, max_rows=limit)
        return [DeadLetterRecord(**{**row, "outcome": DeadLetterOutcome(row["outcome"])}) for row in rows]

    def count_by_outcome(self, since: datetime | None) -> dict[str, int]:
        return {row["outcome"]: row["count"] for row in self._postgres.run(SQL.count_by_outcome, since=since)}
