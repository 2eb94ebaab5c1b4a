"""The dead letters in PostgreSQL."""

from datetime import datetime

from pipeline.jobs.domain.dead_letter import DeadLetter, DeadLetterOutcome, DeadLetterRecord
from pipeline.jobs.domain.failure import Failure
from pipeline.platform.postgres import Postgres

# A letter that was buried before changes nothing: by now its job may wait for good reasons.
BURY = """
WITH failed AS (
    UPDATE jobs SET status = 'failed', finished_at = greatest(now(), coalesce(started_at, created_at)),
        lease_expires_at = NULL, due_at = NULL, error_code = :error_code, error_message = :error_message,
        error_retryable = CAST(:error_retryable AS boolean)
    WHERE id = CAST(:job_id AS uuid) AND (status = 'queued' OR (status = 'running' AND lease_expires_at <= now()))
      AND NOT EXISTS (SELECT FROM dead_letters WHERE message_id = :message_id)
    RETURNING id
)
INSERT INTO dead_letters (message_id, job_id, fate, deliveries, body_bytes, body_sha256)
SELECT :message_id, CAST(:job_id AS uuid),
       CASE WHEN CAST(:job_id AS uuid) IS NULL THEN 'unrecognized'
            WHEN EXISTS (SELECT FROM failed) THEN 'job_failed'
            WHEN EXISTS (SELECT FROM jobs WHERE id = CAST(:job_id AS uuid)) THEN 'job_unaffected'
            ELSE 'no_such_job' END,
       CAST(:deliveries AS integer), CAST(:body_bytes AS integer), CAST(:body_sha256 AS bytea)
ON CONFLICT (message_id) DO NOTHING
RETURNING fate
"""
BURIED = "SELECT fate FROM dead_letters WHERE message_id = :message_id"
LETTERS = """
SELECT message_id, job_id, fate, deliveries, body_bytes, body_sha256, recorded_at FROM dead_letters
WHERE recorded_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
ORDER BY recorded_at DESC, message_id LIMIT CAST(:most AS integer)
"""
COUNT = """
SELECT fate, count(*) AS letters FROM dead_letters
WHERE recorded_at >= coalesce(CAST(:since AS timestamptz), '-infinity') GROUP BY fate
"""


class PostgresDeadLetterStore:
    """``services.ports.DeadLetterStore``."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def bury(self, letter: DeadLetter, deliveries: int, failure: Failure) -> DeadLetterOutcome:
        rows = self._postgres.run(
            BURY,
            message_id=letter.message_id,
            job_id=str(letter.job_id) if letter.job_id else None,
            deliveries=deliveries,
            body_bytes=letter.body_bytes,
            body_sha256=letter.body_sha256,
            error_code=failure.code.value,
            error_message=failure.message,
            error_retryable=failure.retryable,
        )
        rows = rows or self._postgres.run(BURIED, message_id=letter.message_id)
        return DeadLetterOutcome(rows[0]["fate"])

    def letters(self, since: datetime | None, limit: int) -> list[DeadLetterRecord]:
        rows = self._postgres.run(LETTERS, since=since, most=limit)
        return [DeadLetterRecord(**{**row, "fate": DeadLetterOutcome(row["fate"])}) for row in rows]

    def count(self, since: datetime | None) -> dict[str, int]:
        return {row["fate"]: row["letters"] for row in self._postgres.run(COUNT, since=since)}
