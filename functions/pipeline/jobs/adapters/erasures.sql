-- name: erase_expired
-- Erases jobs that ended longer ago than the retention, the oldest first.
UPDATE jobs SET erased_at = now()
WHERE id IN (
    SELECT id FROM jobs
    WHERE erased_at IS NULL AND finished_at < now() - make_interval(secs => CAST(:retention_s AS float8))
    ORDER BY finished_at LIMIT CAST(:max_rows AS integer)
) AND erased_at IS NULL
RETURNING id

-- name: delete_expired_records
-- Deletes dead letters older than the retention, configurations older than it that no job uses, and idle prefixes.
SELECT delete_dead_letters(now() - make_interval(secs => CAST(:retention_s AS float8)), CAST(:max_rows AS integer))
           AS dead_letters,
       delete_configs(array(
           SELECT fingerprint FROM job_configs
           WHERE created_at < now() - make_interval(secs => CAST(:retention_s AS float8))
             AND NOT EXISTS (SELECT FROM jobs WHERE config_fingerprint = fingerprint)
           LIMIT CAST(:max_rows AS integer)
       )) AS configs,
       delete_prompt_prefixes(CAST(:max_rows AS integer)) AS prefixes

-- name: objects_due
-- Erased jobs whose objects are due, and whether the last worker that could store another has certainly ended.
SELECT id, now() >= finished_at + make_interval(secs => CAST(:late_s AS float8)) AS last FROM jobs
WHERE objects_due_at <= now() ORDER BY objects_due_at LIMIT CAST(:max_rows AS integer)

-- name: objects_deleted
-- Notes that an erased job's objects were deleted: for the last time, or until the last worker has ended.
UPDATE jobs SET objects_due_at = CASE WHEN NOT CAST(:last AS boolean)
    THEN finished_at + make_interval(secs => CAST(:late_s AS float8)) END
WHERE id = CAST(:id AS uuid) AND objects_due_at IS NOT NULL

-- name: find
-- Jobs with content that have ended and match a selection, the oldest first.
SELECT id FROM jobs
WHERE erased_at IS NULL AND finished_at IS NOT NULL
  AND (CAST(:tenant_id AS text) IS NULL OR tenant_id = CAST(:tenant_id AS text))
  AND finished_at >= coalesce(CAST(:ended_from AS timestamptz), '-infinity')
  AND finished_at < coalesce(CAST(:ended_before AS timestamptz), 'infinity')
ORDER BY finished_at LIMIT CAST(:max_rows AS integer)

-- name: count
-- The number of matching jobs with content: those that have ended, and those that have not.
SELECT
    (SELECT count(*) FROM jobs
     WHERE erased_at IS NULL AND finished_at IS NOT NULL
       AND (CAST(:tenant_id AS text) IS NULL OR tenant_id = CAST(:tenant_id AS text))
       AND finished_at >= coalesce(CAST(:ended_from AS timestamptz), '-infinity')
       AND finished_at < coalesce(CAST(:ended_before AS timestamptz), 'infinity')) AS ended,
    (SELECT count(*) FROM jobs
     WHERE status IN ('queued', 'running')
       AND (CAST(:tenant_id AS text) IS NULL OR tenant_id = CAST(:tenant_id AS text))
       AND created_at < coalesce(CAST(:ended_before AS timestamptz), 'infinity')) AS not_ended

-- name: count_ids
-- The same for jobs by id.
SELECT count(*) FILTER (WHERE finished_at IS NOT NULL AND erased_at IS NULL) AS ended,
       count(*) FILTER (WHERE finished_at IS NULL) AS not_ended
FROM jobs WHERE id = ANY (CAST(:ids AS uuid[]))

-- name: erase
-- Erases jobs that have ended, and records how many, for whom and why.
WITH erased AS (
    UPDATE jobs SET erased_at = now()
    WHERE id = ANY (CAST(:ids AS uuid[])) AND finished_at IS NOT NULL AND erased_at IS NULL
    RETURNING id
)
INSERT INTO erasures (id, by_id, tenant_id, ended_from, ended_before, jobs, requested_by, reason, request_id)
SELECT CAST(:id AS uuid), CAST(:by_id AS boolean), CAST(:tenant_id AS text), CAST(:ended_from AS timestamptz),
       CAST(:ended_before AS timestamptz), count(*), :requested_by, :reason, :request_id
FROM erased HAVING count(*) > 0
ON CONFLICT (id) DO NOTHING

-- name: erased
-- Those of the jobs that are erased.
SELECT id FROM jobs WHERE id = ANY (CAST(:ids AS uuid[])) AND erased_at IS NOT NULL ORDER BY id
