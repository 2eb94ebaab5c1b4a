"""The statements of the job store. A change names the state that it expects, and returns nothing if it is not so."""

RECORD = """
WITH config AS (
    INSERT INTO job_configs (fingerprint, body) VALUES (CAST(:config_fingerprint AS bytea), CAST(:config AS json))
    ON CONFLICT (fingerprint) DO NOTHING
)
INSERT INTO jobs (id, tenant_id, idempotency_key, request_fingerprint, analysis, model_id, input, metadata,
                  config_fingerprint)
VALUES (CAST(:id AS uuid), :tenant_id, CAST(:idempotency_key AS text), CAST(:request_fingerprint AS bytea), :analysis,
        :model_id, CAST(:input AS json), CAST(:metadata AS json), CAST(:config_fingerprint AS bytea))
ON CONFLICT DO NOTHING
RETURNING id, created_at, request_fingerprint, enqueued_at IS NOT NULL AS enqueued
"""
RECORDED = """
SELECT id, created_at, request_fingerprint, enqueued_at IS NOT NULL AS enqueued FROM jobs
WHERE id = CAST(:id AS uuid) OR (tenant_id = :tenant_id AND idempotency_key = CAST(:idempotency_key AS text))
"""
FIND = """
SELECT id, created_at, request_fingerprint, enqueued_at IS NOT NULL AS enqueued FROM jobs
WHERE tenant_id = :tenant_id AND idempotency_key = CAST(:idempotency_key AS text)
"""
MARK_ENQUEUED = """
UPDATE jobs SET enqueued_at = greatest(now(), created_at)
WHERE id = CAST(:id AS uuid) AND status IN ('queued', 'running') RETURNING id
"""
WITHDRAW = """
DELETE FROM jobs WHERE id = CAST(:id AS uuid) AND status = 'queued' AND attempt = 0 AND enqueued_at IS NULL
RETURNING id
"""
# Asked in a statement of its own: one that has waited for another worker's still sees what was there when it began.
KNOWN = "SELECT id FROM jobs WHERE id = CAST(:id AS uuid)"
USED = """
LEFT JOIN LATERAL (
    SELECT CAST(coalesce(sum(input_tokens), 0) AS bigint) AS input_tokens,
           CAST(coalesce(sum(output_tokens), 0) AS bigint) AS output_tokens,
           CAST(coalesce(sum(cache_read_tokens), 0) AS bigint) AS cache_read_tokens,
           CAST(coalesce(sum(cache_write_tokens), 0) AS bigint) AS cache_write_tokens,
           coalesce(sum(cost_usd), 0) AS cost_usd
    FROM model_calls WHERE job_id = jobs.id
) used ON true
"""
GET = f"""
SELECT id, status, analysis, model_id, created_at, started_at, finished_at, attempt, result, result_key, used.*,
       error_code, error_message, error_retryable, metadata,
       (SELECT redrive_of FROM redrives WHERE job_id = jobs.id) AS redrive_of,
       (SELECT job_id FROM redrives WHERE redrive_of = jobs.id ORDER BY nth DESC LIMIT 1) AS redriven_as
FROM jobs {USED} WHERE id = CAST(:id AS uuid) AND tenant_id = :tenant_id
"""
# Two statements: one plan for both would not read the index of the states.
LISTED = f"""
SELECT id, status, analysis, model_id, created_at, started_at, finished_at, attempt, used.*, error_code, error_message,
       error_retryable, metadata
FROM jobs {USED} WHERE tenant_id = :tenant_id
  AND (CAST(:analysis AS text) IS NULL OR analysis = CAST(:analysis AS text))
  AND created_at >= coalesce(CAST(:created_from AS timestamptz), '-infinity')
  AND created_at < coalesce(CAST(:created_before AS timestamptz), 'infinity')
  AND (created_at, id) < (coalesce(CAST(:after_at AS timestamptz), 'infinity'),
                          coalesce(CAST(:after_id AS uuid), 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
"""
NEWEST_FIRST = "ORDER BY created_at DESC, id DESC LIMIT CAST(:most AS integer)"
LIST = f"{LISTED} {NEWEST_FIRST}"
LIST_OF_STATUS = f"{LISTED} AND status = CAST(:status AS job_status) {NEWEST_FIRST}"
WAITING = """
SELECT count(*) AS jobs FROM (
    SELECT FROM jobs WHERE tenant_id = :tenant_id AND status = 'queued' LIMIT CAST(:most AS integer)
) queued
"""
CANCEL = """
UPDATE jobs SET status = 'cancelled', finished_at = greatest(now(), coalesce(started_at, created_at), enqueued_at),
    lease_expires_at = NULL, due_at = NULL
WHERE id = CAST(:id AS uuid) AND tenant_id = :tenant_id AND status IN ('queued', 'running') RETURNING id
"""
FAILED_CALLS = """
    (SELECT count(*) FROM model_calls WHERE job_id = jobs.id AND outcome <> 'answered') AS failed_calls
"""
CLAIM = f"""
UPDATE jobs SET status = 'running', attempt = attempt + 1, claim_id = CAST(:claim_id AS uuid),
                started_at = coalesce(started_at, greatest(now(), created_at)),
                lease_expires_at = now() + make_interval(secs => CAST(:lease AS float8)),
                release_reason = NULL, due_at = NULL
FROM (SELECT fingerprint, body FROM job_configs) c
WHERE id = CAST(:id AS uuid) AND c.fingerprint = config_fingerprint
  AND ((status = 'queued' AND (due_at IS NULL OR due_at <= now()))
       OR (status = 'running' AND lease_expires_at <= now()))
RETURNING id, tenant_id, attempt, deferrals, analysis, input, created_at, c.body AS config, {FAILED_CALLS}
"""
CLAIMED = f"""
SELECT id, tenant_id, attempt, deferrals, analysis, input, jobs.created_at, body AS config, {FAILED_CALLS}
FROM jobs JOIN job_configs ON fingerprint = config_fingerprint
WHERE id = CAST(:id AS uuid) AND claim_id = CAST(:claim_id AS uuid) AND status = 'running'
"""
WHY_NOT_CLAIMED = """
SELECT status, CAST(extract(epoch FROM coalesce(lease_expires_at, due_at) - now()) AS float8) AS seconds_left
FROM jobs WHERE id = CAST(:id AS uuid)
"""
EXTEND_LEASE = """
UPDATE jobs SET lease_expires_at = now() + make_interval(secs => CAST(:lease AS float8))
WHERE id = CAST(:id AS uuid) AND attempt = CAST(:attempt AS integer) AND status = 'running' RETURNING id
"""
# The fence: only the attempt that runs may end itself.
OF_ATTEMPT = "WHERE id = CAST(:id AS uuid) AND attempt = CAST(:attempt AS integer) AND status = 'running' RETURNING id"
RELEASE = f"""
UPDATE jobs SET status = 'queued', lease_expires_at = NULL, enqueued_at = NULL,
    due_at = now() + make_interval(secs => CAST(:delay AS float8)),
    deferrals = deferrals + CAST(:deferred AS integer), release_reason = :reason {OF_ATTEMPT}
"""
SUCCEED = f"""
UPDATE jobs SET status = 'succeeded', finished_at = greatest(now(), started_at), lease_expires_at = NULL,
    result = CAST(:result AS json), result_key = :result_key, result_bytes = CAST(:result_bytes AS integer)
    {OF_ATTEMPT}
"""
FAIL = f"""
UPDATE jobs SET status = 'failed', finished_at = greatest(now(), started_at), lease_expires_at = NULL,
    error_code = :error_code, error_message = :error_message, error_retryable = CAST(:error_retryable AS boolean)
    {OF_ATTEMPT}
"""
ENDED_AS = """
SELECT id FROM jobs
WHERE id = CAST(:id AS uuid) AND attempt = CAST(:attempt AS integer) AND status = CAST(:status AS job_status)
"""
STRANDED = """
(SELECT id, tenant_id, created_at AS since FROM jobs WHERE status = 'queued' AND enqueued_at IS NULL
   AND coalesce(due_at, created_at) < now() - make_interval(secs => CAST(:never_enqueued AS float8))
   ORDER BY created_at LIMIT :most)
UNION ALL
(SELECT id, tenant_id, enqueued_at FROM jobs WHERE status = 'queued'
   AND (due_at IS NULL OR due_at < now() - make_interval(secs => CAST(:never_enqueued AS float8)))
   AND enqueued_at < now() - make_interval(secs => CAST(:waiting AS float8)) ORDER BY enqueued_at LIMIT :most)
UNION ALL
(SELECT id, tenant_id, lease_expires_at FROM jobs WHERE status = 'running'
   AND lease_expires_at < now() - make_interval(secs => CAST(:never_enqueued AS float8))
   AND coalesce(enqueued_at, created_at) < now() - make_interval(secs => CAST(:waiting AS float8))
   ORDER BY lease_expires_at LIMIT :most)
ORDER BY since LIMIT :most
"""
