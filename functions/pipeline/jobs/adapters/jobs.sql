-- name: submit
-- Records a job unless its key is taken or a limit is reached; one row reports which, with the job that has the key.
WITH existing AS (
    SELECT id, created_at, request_fingerprint, enqueued_at IS NOT NULL AS enqueued FROM jobs
    WHERE id = CAST(:id AS uuid) OR (tenant_id = :tenant_id AND idempotency_key = CAST(:idempotency_key AS text))
    ORDER BY id = CAST(:id AS uuid) DESC LIMIT 1  -- two if this job was erased, and its key used again
), admission AS MATERIALIZED (
    SELECT locked.* FROM lock_admission() locked WHERE NOT EXISTS (SELECT FROM existing)
), verdict AS (
    SELECT CASE
        WHEN queued_jobs >= CAST(:max_queued AS integer) THEN 'queued_jobs'
        WHEN day_jobs >= CAST(:max_jobs_per_day AS integer) THEN 'jobs'
        WHEN day_bytes + CAST(:bytes AS integer) > CAST(:max_bytes_per_day AS bigint) THEN 'bytes'
        WHEN tenant_usd + max_usd > tenant_limit OR stage_usd + max_usd > stage_limit THEN 'usd'
        -- Queued jobs will spend too: they count with their maximum cost.
        WHEN tenant_usd + tenant_queued_usd + max_usd > tenant_limit
          OR stage_usd + stage_queued_usd + max_usd > stage_limit THEN 'queued_usd' END AS reached
    FROM admission, (VALUES (CAST(:max_cost_usd AS numeric), CAST(:daily_usd_per_tenant AS numeric),
                             CAST(:daily_usd AS numeric))) AS money (max_usd, tenant_limit, stage_limit)
), admitted AS (
    SELECT FROM verdict WHERE reached IS NULL
), config AS (
    INSERT INTO job_configs (fingerprint, body)
    SELECT CAST(:config_fingerprint AS bytea), CAST(:config AS json) FROM admitted
    ON CONFLICT (fingerprint) DO NOTHING
), recorded AS (
    INSERT INTO jobs (id, tenant_id, idempotency_key, request_fingerprint, analysis, model_id, input, metadata,
                      config_fingerprint, max_cost_usd)
    SELECT CAST(:id AS uuid), :tenant_id, CAST(:idempotency_key AS text), CAST(:request_fingerprint AS bytea),
           :analysis, :model_id, CAST(:input AS json), CAST(:metadata AS json), CAST(:config_fingerprint AS bytea),
           CAST(:max_cost_usd AS numeric)
    FROM admitted
    ON CONFLICT DO NOTHING
    RETURNING id, created_at, request_fingerprint, false AS enqueued
), job AS (
    SELECT * FROM existing UNION ALL SELECT * FROM recorded
)
SELECT job.*, (SELECT reached FROM verdict) AS reached,
       CAST(extract(epoch FROM (now() AT TIME ZONE 'UTC')::date + 1 - (now() AT TIME ZONE 'UTC')) AS float8)
           AS day_ends_in
FROM (VALUES (1)) AS always LEFT JOIN job ON true

-- name: find_by_key
-- The job that has a tenant's idempotency key.
SELECT id, created_at, request_fingerprint, enqueued_at IS NOT NULL AS enqueued FROM jobs
WHERE tenant_id = :tenant_id AND idempotency_key = CAST(:idempotency_key AS text)

-- name: mark_enqueued
-- Notes that a job that is not final has a message on the queue.
UPDATE jobs SET enqueued_at = greatest(now(), created_at)
WHERE id = CAST(:id AS uuid) AND status IN ('queued', 'running') RETURNING id

-- name: withdraw
-- Removes the tenant's job if it never reached the queue.
SELECT id FROM withdraw_job(CAST(:id AS uuid)) AS id

-- name: exists
-- Whether a job exists. A separate statement: after waiting for a lock, a statement still sees its old snapshot.
SELECT id FROM jobs WHERE id = CAST(:id AS uuid)

-- name: get
-- A tenant's job with its usage, its result and its redrives.
SELECT id, status, analysis, model_id, created_at, started_at, finished_at, attempt, result, result_key, result_sha256,
       used.*, error_code, error_message, error_retryable, metadata, erased_at,
       (SELECT redrive_of FROM redrives WHERE job_id = jobs.id) AS redrive_of,
       (SELECT job_id FROM redrives WHERE redrive_of = jobs.id ORDER BY sequence DESC LIMIT 1) AS redriven_as
FROM jobs CROSS JOIN LATERAL usage_of(jobs.id) used WHERE id = CAST(:id AS uuid) AND tenant_id = :tenant_id

-- name: list_jobs
-- A page of a tenant's jobs, newest first, without their results.
SELECT id, status, analysis, model_id, created_at, started_at, finished_at, attempt, used.*, error_code, error_message,
       error_retryable, metadata, erased_at
FROM jobs CROSS JOIN LATERAL usage_of(jobs.id) used WHERE tenant_id = :tenant_id
  AND (CAST(:analysis AS text) IS NULL OR analysis = CAST(:analysis AS text))
  AND created_at >= coalesce(CAST(:created_from AS timestamptz), '-infinity')
  AND created_at < coalesce(CAST(:created_before AS timestamptz), 'infinity')
  AND (created_at, id) < (coalesce(CAST(:after_at AS timestamptz), 'infinity'),
                          coalesce(CAST(:after_id AS uuid), 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
ORDER BY created_at DESC, id DESC LIMIT CAST(:max_rows AS integer)

-- name: list_jobs_of_status
-- The same for one status: a single statement for both would not use the index by status.
SELECT id, status, analysis, model_id, created_at, started_at, finished_at, attempt, used.*, error_code, error_message,
       error_retryable, metadata, erased_at
FROM jobs CROSS JOIN LATERAL usage_of(jobs.id) used WHERE tenant_id = :tenant_id
  AND (CAST(:analysis AS text) IS NULL OR analysis = CAST(:analysis AS text))
  AND created_at >= coalesce(CAST(:created_from AS timestamptz), '-infinity')
  AND created_at < coalesce(CAST(:created_before AS timestamptz), 'infinity')
  AND (created_at, id) < (coalesce(CAST(:after_at AS timestamptz), 'infinity'),
                          coalesce(CAST(:after_id AS uuid), 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  AND status = CAST(:status AS job_status)
ORDER BY created_at DESC, id DESC LIMIT CAST(:max_rows AS integer)

-- name: cancel
-- Cancels a tenant's queued or running job, and returns the job whether or not it was cancelled now.
WITH cancelled AS (
    UPDATE jobs SET status = 'cancelled', lease_expires_at = NULL, due_at = NULL,
        finished_at = greatest(now(), coalesce(started_at, created_at), enqueued_at)
    WHERE id = CAST(:id AS uuid) AND tenant_id = :tenant_id AND status IN ('queued', 'running')
    RETURNING id, status, analysis, model_id, created_at, started_at, finished_at, attempt, error_code, error_message,
              error_retryable, metadata, erased_at
), job AS (
    SELECT *, true AS cancelled FROM cancelled
    UNION ALL
    SELECT id, status, analysis, model_id, created_at, started_at, finished_at, attempt, error_code, error_message,
           error_retryable, metadata, erased_at, false
    FROM jobs WHERE id = CAST(:id AS uuid) AND tenant_id = :tenant_id AND NOT EXISTS (SELECT FROM cancelled)
)
SELECT job.*, used.*,
       (SELECT redrive_of FROM redrives WHERE job_id = job.id) AS redrive_of,
       (SELECT job_id FROM redrives WHERE redrive_of = job.id ORDER BY sequence DESC LIMIT 1) AS redriven_as
FROM job CROSS JOIN LATERAL usage_of(job.id) used

-- name: erase
-- Erases a tenant's job that has ended.
UPDATE jobs SET erased_at = now()
WHERE id = CAST(:id AS uuid) AND tenant_id = :tenant_id AND finished_at IS NOT NULL AND erased_at IS NULL RETURNING id

-- name: claim
-- Starts an attempt of a queued job that is due, or of a running one whose lease has expired.
UPDATE jobs SET status = 'running', attempt = attempt + 1, claim_id = CAST(:claim_id AS uuid),
                started_at = coalesce(started_at, greatest(now(), created_at)),
                lease_expires_at = now() + make_interval(secs => CAST(:lease AS float8)),
                release_reason = NULL, due_at = NULL
FROM (SELECT fingerprint, body FROM job_configs) c
WHERE id = CAST(:id AS uuid) AND c.fingerprint = config_fingerprint
  AND ((status = 'queued' AND (due_at IS NULL OR due_at <= now()))
       OR (status = 'running' AND lease_expires_at <= now()))
RETURNING id, tenant_id, attempt, deferrals, analysis, input, created_at, c.body AS config,
    (SELECT count(*) FROM model_calls WHERE owner_id = jobs.id AND outcome <> 'answered') AS failed_calls,
    (SELECT count(*) FROM model_calls WHERE owner_id = jobs.id AND cost_usd IS DISTINCT FROM 0) AS paid_calls

-- name: claimed
-- The job of a claim that was made before, on a connection that broke before the answer arrived.
SELECT id, tenant_id, attempt, deferrals, analysis, input, jobs.created_at, body AS config,
    (SELECT count(*) FROM model_calls WHERE owner_id = jobs.id AND outcome <> 'answered') AS failed_calls,
    (SELECT count(*) FROM model_calls WHERE owner_id = jobs.id AND cost_usd IS DISTINCT FROM 0) AS paid_calls
FROM jobs JOIN job_configs ON fingerprint = config_fingerprint
WHERE id = CAST(:id AS uuid) AND claim_id = CAST(:claim_id AS uuid) AND status = 'running'

-- name: claim_refusal
-- The reason why a job could not be claimed: its status, and the seconds until it may be.
SELECT status, CAST(extract(epoch FROM coalesce(lease_expires_at, due_at) - now()) AS float8) AS seconds_left
FROM jobs WHERE id = CAST(:id AS uuid)

-- name: extend_lease
-- Renews the lease of the running attempt.
UPDATE jobs SET lease_expires_at = now() + make_interval(secs => CAST(:lease AS float8))
WHERE id = CAST(:id AS uuid) AND attempt = CAST(:attempt AS integer) AND status = 'running' RETURNING id

-- name: release
-- Gives a job back to the queue. As in every end of an attempt, only the running attempt matches: this is the fence.
UPDATE jobs SET status = 'queued', lease_expires_at = NULL, enqueued_at = NULL,
    due_at = now() + make_interval(secs => CAST(:delay AS float8)),
    deferrals = deferrals + CAST(:deferred AS integer), release_reason = :reason
WHERE id = CAST(:id AS uuid) AND attempt = CAST(:attempt AS integer) AND status = 'running' RETURNING id

-- name: succeed
-- Finishes the running attempt with its result.
UPDATE jobs SET status = 'succeeded', finished_at = greatest(now(), started_at), lease_expires_at = NULL,
    result = CAST(:result AS json), result_key = :result_key, result_bytes = CAST(:result_bytes AS integer),
    result_sha256 = CAST(:result_sha256 AS bytea)
WHERE id = CAST(:id AS uuid) AND attempt = CAST(:attempt AS integer) AND status = 'running' RETURNING id

-- name: fail
-- Finishes the running attempt with an error.
UPDATE jobs SET status = 'failed', finished_at = greatest(now(), started_at), lease_expires_at = NULL,
    error_code = :error_code, error_message = :error_message, error_retryable = CAST(:error_retryable AS boolean)
WHERE id = CAST(:id AS uuid) AND attempt = CAST(:attempt AS integer) AND status = 'running' RETURNING id

-- name: ended_as
-- Whether an attempt has ended in this status: perhaps by a statement whose answer was lost.
SELECT id FROM jobs
WHERE id = CAST(:id AS uuid) AND attempt = CAST(:attempt AS integer) AND status = CAST(:status AS job_status)

-- name: stranded
-- Jobs that may have no message, oldest first: never enqueued, enqueued long ago, or with an expired lease.
(SELECT id, tenant_id, created_at AS since FROM jobs WHERE status = 'queued' AND enqueued_at IS NULL
   AND coalesce(due_at, created_at) < now() - make_interval(secs => CAST(:overdue_s AS float8))
   ORDER BY created_at LIMIT :max_rows)
UNION ALL
(SELECT id, tenant_id, enqueued_at FROM jobs WHERE status = 'queued'
   AND (due_at IS NULL OR due_at < now() - make_interval(secs => CAST(:overdue_s AS float8)))
   AND enqueued_at < now() - make_interval(secs => CAST(:backlog_s AS float8)) ORDER BY enqueued_at LIMIT :max_rows)
UNION ALL
(SELECT id, tenant_id, lease_expires_at FROM jobs WHERE status = 'running'
   AND lease_expires_at < now() - make_interval(secs => CAST(:overdue_s AS float8))
   AND coalesce(enqueued_at, created_at) < now() - make_interval(secs => CAST(:backlog_s AS float8))
   ORDER BY lease_expires_at LIMIT :max_rows)
ORDER BY since LIMIT :max_rows

-- name: ping
-- Reads from the table that everything needs.
SELECT 1 AS one FROM jobs LIMIT 1
