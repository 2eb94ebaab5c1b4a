-- name: record
-- Records a dead letter and fails its job. One that was recorded before changes nothing: its job may have moved on.
WITH failed AS (
    UPDATE jobs SET status = 'failed', finished_at = greatest(now(), coalesce(started_at, created_at)),
        lease_expires_at = NULL, due_at = NULL, error_code = :error_code, error_message = :error_message,
        error_retryable = CAST(:error_retryable AS boolean)
    WHERE id = CAST(:job_id AS uuid) AND (status = 'queued' OR (status = 'running' AND lease_expires_at <= now()))
      AND NOT EXISTS (SELECT FROM dead_letters WHERE message_id = :message_id)
    RETURNING id
)
INSERT INTO dead_letters (message_id, job_id, outcome, deliveries, body_bytes, body_sha256)
SELECT :message_id, CAST(:job_id AS uuid),
       CASE WHEN CAST(:job_id AS uuid) IS NULL THEN 'unrecognized'
            WHEN EXISTS (SELECT FROM failed) THEN 'job_failed'
            WHEN EXISTS (SELECT FROM jobs WHERE id = CAST(:job_id AS uuid)) THEN 'job_unaffected'
            ELSE 'job_missing' END,
       CAST(:deliveries AS integer), CAST(:body_bytes AS integer), CAST(:body_sha256 AS bytea)
ON CONFLICT (message_id) DO NOTHING
RETURNING outcome

-- name: outcome_of
-- The outcome of a dead letter that was recorded before.
SELECT outcome FROM dead_letters WHERE message_id = :message_id

-- name: list_records
-- Recorded dead letters, newest first.
SELECT message_id, job_id, outcome, deliveries, body_bytes, body_sha256, recorded_at FROM dead_letters
WHERE recorded_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
ORDER BY recorded_at DESC, message_id LIMIT CAST(:max_rows AS integer)

-- name: count_by_outcome
-- The number of recorded dead letters, by outcome.
SELECT outcome, count(*) AS count FROM dead_letters
WHERE recorded_at >= coalesce(CAST(:since AS timestamptz), '-infinity') GROUP BY outcome
