-- Messages that reached the dead-letter queue, and failed jobs that operators ran again.

-- A message that was delivered as often as the queue allows. Its body is not kept: it may hold anything.
CREATE TABLE dead_letters (
    message_id  text        PRIMARY KEY,
    -- NULL: the message names no job.
    job_id      uuid,
    outcome     text        NOT NULL CHECK (outcome IN ('job_failed', 'job_unaffected', 'job_missing', 'unrecognized')),
    deliveries  integer     NOT NULL CHECK (deliveries > 0),
    body_bytes  integer     NOT NULL CHECK (body_bytes >= 0),
    body_sha256 bytea       NOT NULL CHECK (octet_length(body_sha256) = 32),
    recorded_at timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT recognized_names_a_job CHECK ((job_id IS NULL) = (outcome = 'unrecognized'))
);
CREATE INDEX dead_letters_newest_first ON dead_letters (recorded_at DESC);
GRANT SELECT, INSERT ON dead_letters TO pipeline_worker;

-- The audit of redrives: who ran a failed job again, why, and as which job. The failed job itself never changes.
CREATE TABLE redrives (
    job_id       uuid        PRIMARY KEY,
    redrive_of   uuid        NOT NULL,
    -- 1, and more only with the option to redrive again: two operators do not run one job twice by accident.
    sequence     integer     NOT NULL CHECK (sequence > 0),
    tenant_id    text        NOT NULL,
    -- As the operator's command states. The request's id leads to the caller in CloudTrail, which logs invocations.
    requested_by text        NOT NULL CHECK (length(requested_by) > 0),
    reason       text        NOT NULL CHECK (length(reason) > 0),
    request_id   text        NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now(),

    UNIQUE (redrive_of, sequence)
);
GRANT SELECT (job_id, redrive_of, sequence, tenant_id) ON redrives TO pipeline_api;
GRANT SELECT, INSERT ON redrives TO pipeline_worker;

ALTER TABLE redrives ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY api_own_tenant ON redrives FOR SELECT TO pipeline_api USING (tenant_id = request_tenant());
CREATE POLICY worker_all_tenants ON redrives TO pipeline_worker USING (true) WITH CHECK (true);
