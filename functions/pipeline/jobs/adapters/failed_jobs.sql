-- name: find
-- Failed jobs that match a filter, newest failure first. Those that were erased cannot be run again.
SELECT id, tenant_id, analysis, model_id, error_code AS code, error_message AS message, attempt AS attempts, created_at,
       finished_at,
       (SELECT job_id FROM redrives WHERE redrive_of = jobs.id ORDER BY sequence DESC LIMIT 1) AS redriven_as
FROM jobs
WHERE status = 'failed' AND erased_at IS NULL
  AND finished_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
  AND (CAST(:code AS text) IS NULL OR error_code = CAST(:code AS text))
  AND (CAST(:analysis AS text) IS NULL OR analysis = CAST(:analysis AS text))
  AND (NOT CAST(:not_redriven AS boolean) OR NOT EXISTS (SELECT FROM redrives WHERE redrive_of = jobs.id))
ORDER BY finished_at DESC, id DESC LIMIT CAST(:max_rows AS integer)

-- name: count_by_code
-- The number of failed jobs that match a filter, by error code.
SELECT error_code, count(*) AS count
FROM jobs
WHERE status = 'failed' AND erased_at IS NULL
  AND finished_at >= coalesce(CAST(:since AS timestamptz), '-infinity')
  AND (CAST(:code AS text) IS NULL OR error_code = CAST(:code AS text))
  AND (CAST(:analysis AS text) IS NULL OR analysis = CAST(:analysis AS text))
  AND (NOT CAST(:not_redriven AS boolean) OR NOT EXISTS (SELECT FROM redrives WHERE redrive_of = jobs.id))
GROUP BY error_code

-- name: redrive
-- Records a new job of a failed job's request. Of two redrives of one job the second conflicts, and makes no job.
-- The lock makes an erasure wait: otherwise a copy of the document could be recorded after it.
WITH redriven AS (
    INSERT INTO redrives (job_id, redrive_of, sequence, tenant_id, requested_by, reason, request_id)
    SELECT CAST(:new_id AS uuid), id,
           1 + CASE WHEN CAST(:again AS boolean)
               THEN (SELECT count(*) FROM redrives WHERE redrive_of = jobs.id) ELSE 0 END,
           tenant_id, :requested_by, :reason, :request_id
    FROM (SELECT id, tenant_id FROM jobs WHERE id = CAST(:id AS uuid) AND status = 'failed' AND erased_at IS NULL
          FOR NO KEY UPDATE) jobs
    ON CONFLICT DO NOTHING
    RETURNING job_id, redrive_of
)
INSERT INTO jobs (id, tenant_id, request_fingerprint, analysis, model_id, input, metadata, config_fingerprint,
                  max_cost_usd)
SELECT redriven.job_id, tenant_id, request_fingerprint, analysis, model_id, input, metadata, config_fingerprint,
       max_cost_usd
FROM jobs JOIN redriven ON jobs.id = redriven.redrive_of
RETURNING tenant_id

-- name: redrive_refusal
-- The reason why a job was not redriven.
SELECT tenant_id, status = 'failed' AS failed, erased_at IS NOT NULL AS erased,
       EXISTS (SELECT FROM redrives WHERE redrive_of = jobs.id AND job_id = CAST(:new_id AS uuid)) AS by_this_call,
       (SELECT job_id FROM redrives WHERE redrive_of = jobs.id ORDER BY sequence DESC LIMIT 1) AS redriven_as
FROM jobs WHERE id = CAST(:id AS uuid)
