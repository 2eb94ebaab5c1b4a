-- The job, its configuration and its history.
--
-- State machine (the same list stands in functions/pipeline/jobs/domain/job.py; a test compares the two):
--   queued    -> running      a worker claims the job
--   queued    -> cancelled    the caller cancels before a worker claims
--   running   -> running      another worker claims after the lease ran out (a new attempt)
--   running   -> queued       the worker gives the job back: throttled, or a fault that may pass
--   running   -> succeeded    the worker stored the result
--   running   -> failed       the job cannot be done, or its attempts are used up
--   running   -> cancelled    the caller cancels while a worker runs it
-- succeeded, failed and cancelled are final.
CREATE TYPE job_status AS ENUM ('queued', 'running', 'succeeded', 'failed', 'cancelled');

-- What a job was accepted with: model, inference parameters, prices, business rules. Many jobs share one row, so
-- pinning costs a job 32 bytes, and a result can always be traced to the configuration that made it.
CREATE TABLE job_configs (
    fingerprint bytea PRIMARY KEY CHECK (octet_length(fingerprint) = 32),
    body        json        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE jobs (
    id                  uuid        PRIMARY KEY,
    tenant_id           text        NOT NULL,
    idempotency_key     text        CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    -- SHA-256 of the request: the same key with another request is refused.
    request_fingerprint bytea       NOT NULL CHECK (octet_length(request_fingerprint) = 32),
    analysis            text        NOT NULL,
    model_id            text        NOT NULL,
    -- json, not jsonb: documents come back as they came, and nothing searches inside them.
    input               json        NOT NULL,
    metadata            json        NOT NULL,
    config_fingerprint  bytea       NOT NULL REFERENCES job_configs,

    status              job_status  NOT NULL DEFAULT 'queued',
    -- Counts claims. It is the fence: a worker may only finish the attempt that it claimed.
    attempt             integer     NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    -- Attempts given back because Bedrock was throttling: they do not count against the attempts allowed.
    deferrals           integer     NOT NULL DEFAULT 0 CHECK (deferrals BETWEEN 0 AND attempt),
    -- Why the last attempt gave the job back, and before when it is not claimed again.
    release_reason      text,
    due_at              timestamptz,

    created_at          timestamptz NOT NULL DEFAULT now(),
    enqueued_at         timestamptz,
    started_at          timestamptz,
    finished_at         timestamptz,
    lease_expires_at    timestamptz,

    -- The result itself up to 100 kB; the object in S3 under result_key always.
    result              json,
    result_key          text,
    result_bytes        integer     CHECK (result_bytes >= 0),

    input_tokens        bigint      NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    output_tokens       bigint      NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    cache_read_tokens   bigint      NOT NULL DEFAULT 0 CHECK (cache_read_tokens >= 0),
    cache_write_tokens  bigint      NOT NULL DEFAULT 0 CHECK (cache_write_tokens >= 0),
    cost_usd            numeric(16, 9) NOT NULL DEFAULT 0 CHECK (cost_usd >= 0),

    error_code          text,
    error_message       text,
    error_retryable     boolean,

    CONSTRAINT started_once_claimed    CHECK ((attempt > 0) = (started_at IS NOT NULL)),
    CONSTRAINT running_has_lease       CHECK ((status = 'running') = (lease_expires_at IS NOT NULL)),
    CONSTRAINT running_was_claimed     CHECK (status NOT IN ('running', 'succeeded', 'failed') OR attempt > 0),
    CONSTRAINT only_queued_is_due      CHECK (due_at IS NULL OR status = 'queued'),
    CONSTRAINT final_has_finished      CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CONSTRAINT succeeded_has_result    CHECK ((status = 'succeeded') = (result_key IS NOT NULL)),
    CONSTRAINT result_has_size         CHECK ((result_key IS NULL) = (result_bytes IS NULL)),
    CONSTRAINT result_only_with_object CHECK (result IS NULL OR result_key IS NOT NULL),
    CONSTRAINT failed_has_error        CHECK ((status = 'failed') = (error_code IS NOT NULL)),
    CONSTRAINT error_is_whole          CHECK ((error_code IS NULL) = (error_message IS NULL)
                                          AND (error_code IS NULL) = (error_retryable IS NULL)),
    CONSTRAINT times_in_order          CHECK (created_at <= enqueued_at AND created_at <= started_at
                                          AND coalesce(started_at, created_at) <= finished_at)
);

-- One job per key and caller: what makes a repeated submit safe.
CREATE UNIQUE INDEX jobs_idempotency_key ON jobs (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- Listing a caller's jobs, newest first, all or in one state.
CREATE INDEX jobs_newest_first ON jobs (tenant_id, created_at DESC, id DESC);
CREATE INDEX jobs_by_status ON jobs (tenant_id, status, created_at DESC, id DESC);
-- What the sweeper looks for: as small as the number of jobs in flight, whatever the size of the table.
CREATE INDEX jobs_never_enqueued ON jobs (created_at) WHERE status = 'queued' AND enqueued_at IS NULL;
CREATE INDEX jobs_waiting ON jobs (enqueued_at) WHERE status = 'queued';
CREATE INDEX jobs_leases ON jobs (lease_expires_at) WHERE status = 'running';

-- Every change of every job, in order; written by trigger, so that no path can forget it.
CREATE TABLE job_events (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id      uuid        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    event       text        NOT NULL,
    from_status job_status,
    to_status   job_status,
    attempt     integer     NOT NULL,
    reason      text
);
CREATE INDEX job_events_of_job ON job_events (job_id, id);

CREATE FUNCTION record_job_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'queued' OR NEW.attempt <> 0 THEN
            RAISE EXCEPTION 'a job begins queued' USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO job_events (job_id, event, to_status, attempt)
        VALUES (NEW.id, 'accepted', NEW.status, NEW.attempt);
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        -- Only a job that never reached the queue is deleted: its caller was told 503.
        IF OLD.status <> 'queued' OR OLD.attempt <> 0 THEN
            RAISE EXCEPTION 'a job that was claimed is not deleted' USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO job_events (job_id, event, from_status, attempt)
        VALUES (OLD.id, 'withdrawn', OLD.status, OLD.attempt);
        RETURN OLD;
    ELSIF OLD.status IN ('succeeded', 'failed', 'cancelled') THEN
        RAISE EXCEPTION 'a job that is % does not change', OLD.status USING ERRCODE = 'check_violation';
    ELSIF OLD.status IS DISTINCT FROM NEW.status OR OLD.attempt IS DISTINCT FROM NEW.attempt THEN
        IF (OLD.status, NEW.status) NOT IN (
            ('queued', 'running'), ('queued', 'cancelled'),
            ('running', 'running'), ('running', 'queued'),
            ('running', 'succeeded'), ('running', 'failed'), ('running', 'cancelled')
        ) THEN
            RAISE EXCEPTION 'a job does not go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
        ELSIF NEW.attempt <> OLD.attempt + (NEW.status = 'running')::integer THEN
            RAISE EXCEPTION 'a claim, and nothing else, is a new attempt' USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO job_events (job_id, event, from_status, to_status, attempt, reason)
        VALUES (
            NEW.id,
            CASE NEW.status WHEN 'running' THEN 'claimed' WHEN 'queued' THEN 'released' ELSE NEW.status::text END,
            OLD.status, NEW.status, NEW.attempt,
            CASE NEW.status WHEN 'failed' THEN NEW.error_code WHEN 'queued' THEN NEW.release_reason END
        );
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER jobs_record_event AFTER INSERT OR UPDATE OR DELETE ON jobs
    FOR EACH ROW EXECUTE FUNCTION record_job_event();

CREATE FUNCTION refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'job_events is append-only' USING ERRCODE = 'check_violation';
END $$;

CREATE TRIGGER job_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON job_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_event_change();
