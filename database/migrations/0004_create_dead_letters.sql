-- Records for operators: dead letters, redrives and erasures.

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

-- The audit of erasures by operators: who erased how many jobs, and why. A command that erases more than one batch has
-- a row for each batch. Callers and the retention have none: the event of each job shows the time.
CREATE TABLE erasures (
    id           uuid        PRIMARY KEY,
    -- The selection: jobs by id, or those of a tenant, of a time, or both. NULL leaves a condition out.
    by_id        boolean     NOT NULL,
    tenant_id    text,
    ended_from   timestamptz,
    ended_before timestamptz,
    jobs         integer     NOT NULL CHECK (jobs > 0),
    -- As the operator's command states, as for redrives.
    requested_by text        NOT NULL CHECK (length(requested_by) > 0),
    reason       text        NOT NULL CHECK (length(reason) > 0),
    request_id   text        NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT ON erasures TO pipeline_worker;

ALTER TABLE erasures ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY worker_all_tenants ON erasures TO pipeline_worker USING (true) WITH CHECK (true);

-- Deletes a number of dead letters that are older than the time. It runs as the owner: a role that may delete rows may
-- also lock the table. The day is the least that a dead letter is kept, whatever the caller asks for.
CREATE FUNCTION delete_dead_letters(before timestamptz, max_rows integer) RETURNS bigint LANGUAGE sql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH deleted AS (
        DELETE FROM dead_letters WHERE message_id IN (
            SELECT message_id FROM dead_letters WHERE recorded_at < least(before, now() - interval '1 day')
            ORDER BY recorded_at LIMIT max_rows
        ) RETURNING message_id
    )
    SELECT count(*) FROM deleted
$$;

-- Deletes these configurations, except for those that a job uses: a submit may have used one meanwhile. The caller
-- selects them, since the owner sees no jobs.
CREATE FUNCTION delete_configs(unused bytea[]) RETURNS bigint LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    one     bytea;
    deleted bigint := 0;
BEGIN
    FOREACH one IN ARRAY unused LOOP
        BEGIN
            DELETE FROM job_configs WHERE fingerprint = one;
            deleted := deleted + 1;
        EXCEPTION WHEN foreign_key_violation THEN
            NULL;
        END;
    END LOOP;
    RETURN deleted;
END $$;
REVOKE EXECUTE ON FUNCTION delete_dead_letters(timestamptz, integer), delete_configs(bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION delete_dead_letters(timestamptz, integer), delete_configs(bytea[]) TO pipeline_worker;
