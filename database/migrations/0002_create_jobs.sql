-- Jobs, their configuration and their history.

CREATE TYPE job_status AS ENUM ('queued', 'running', 'succeeded', 'failed', 'cancelled');

-- The configuration that a job was accepted with: model, inference parameters, prices, business rules. Many jobs share
-- one row, so pinning costs a job 32 bytes, and every result can be traced to the configuration that produced it.
CREATE TABLE job_configs (
    fingerprint bytea       PRIMARY KEY,
    body        json        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),

    -- Otherwise one role could prepare the configuration of another tenant's next job.
    CONSTRAINT fingerprint_of_body CHECK (fingerprint = sha256(convert_to(body::text, 'UTF8')))
);
GRANT SELECT (fingerprint), INSERT (fingerprint, body) ON job_configs TO pipeline_api;
GRANT SELECT ON job_configs TO pipeline_worker;

CREATE TABLE jobs (
    id                  uuid        PRIMARY KEY,
    tenant_id           text        NOT NULL,
    idempotency_key     text        CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    -- SHA-256 of the request: the same key with another request is refused.
    request_fingerprint bytea       CHECK (octet_length(request_fingerprint) = 32),
    analysis            text        NOT NULL,
    model_id            text        NOT NULL,
    -- json, not jsonb: documents are returned exactly as they were sent, and no query looks inside them.
    input               json,
    metadata            json,
    config_fingerprint  bytea       REFERENCES job_configs,
    -- Upper bound of the cost of the job's first call: a queued job counts with it against the day's limits.
    max_cost_usd        numeric(16, 9) NOT NULL DEFAULT 0 CHECK (max_cost_usd >= 0),

    status              job_status  NOT NULL DEFAULT 'queued',
    -- Counts claims. It is the fence: a worker can finish only the attempt that it claimed.
    attempt             integer     NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    -- The claim of the running attempt: a worker whose connection broke while it claimed recognizes its own claim.
    claim_id            uuid,
    -- Attempts given back because the model was throttled. They do not count against the attempts allowed.
    deferrals           integer     NOT NULL DEFAULT 0 CHECK (deferrals BETWEEN 0 AND attempt),
    -- The reason why the last attempt gave the job back.
    release_reason      text,
    -- A queued job is not claimed before this time.
    due_at              timestamptz,

    created_at          timestamptz NOT NULL DEFAULT now(),
    -- The last time a message for the job was sent; NULL while it has none.
    enqueued_at         timestamptz,
    started_at          timestamptz,
    finished_at         timestamptz,
    -- After this time another worker may claim the running job.
    lease_expires_at    timestamptz,

    -- The result itself up to 100 kB; the object in S3 under result_key always.
    result              json,
    result_key          text,
    result_bytes        integer     CHECK (result_bytes >= 0),
    -- SHA-256 of the object: it distinguishes the object of the worker from any other under the key.
    result_sha256       bytea       CHECK (octet_length(result_sha256) = 32),

    error_code          text,
    error_message       text,
    error_retryable     boolean,

    -- The time at which the content was erased: by the caller, by an operator, or because its retention has ended.
    -- The row stays, with the history and the bill.
    erased_at           timestamptz,
    -- The time from which the sweeper deletes the job's objects in S3; NULL when none are left.
    objects_due_at      timestamptz,

    CONSTRAINT started_once_claimed    CHECK ((attempt > 0) = (started_at IS NOT NULL)),
    CONSTRAINT running_has_lease       CHECK ((status = 'running') = (lease_expires_at IS NOT NULL)),
    CONSTRAINT running_was_claimed     CHECK (status NOT IN ('running', 'succeeded') OR attempt > 0),
    CONSTRAINT only_queued_is_due      CHECK (due_at IS NULL OR status = 'queued'),
    CONSTRAINT final_has_finished      CHECK ((status IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CONSTRAINT succeeded_has_result    CHECK ((status = 'succeeded' AND erased_at IS NULL) = (result_key IS NOT NULL)),
    CONSTRAINT result_has_size         CHECK ((result_key IS NULL) = (result_bytes IS NULL)),
    CONSTRAINT result_has_checksum     CHECK ((result_key IS NULL) = (result_sha256 IS NULL)),
    CONSTRAINT result_only_with_object CHECK (result IS NULL OR result_key IS NOT NULL),
    CONSTRAINT failed_has_error        CHECK ((status = 'failed') = (error_code IS NOT NULL)),
    CONSTRAINT error_is_whole          CHECK ((error_code IS NULL OR erased_at IS NOT NULL) = (error_message IS NULL)
                                          AND (error_code IS NULL) = (error_retryable IS NULL)),
    CONSTRAINT content_until_erased    CHECK (erased_at IS NOT NULL
                                          OR num_nulls(input, metadata, request_fingerprint, config_fingerprint) = 0),
    CONSTRAINT no_content_once_erased  CHECK (erased_at IS NULL OR num_nonnulls(input, metadata, idempotency_key,
                                              request_fingerprint, config_fingerprint, result, error_message) = 0),
    CONSTRAINT only_final_is_erased    CHECK (erased_at IS NULL OR (finished_at IS NOT NULL AND finished_at <= erased_at)),
    CONSTRAINT objects_of_an_erased    CHECK (objects_due_at IS NULL OR erased_at IS NOT NULL),
    CONSTRAINT times_in_order          CHECK (created_at <= enqueued_at AND created_at <= started_at
                                          AND coalesce(started_at, created_at) <= finished_at)
);

-- One job per key and tenant: this makes a repeated submit safe.
CREATE UNIQUE INDEX jobs_idempotency_key ON jobs (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
-- Lists a tenant's jobs, newest first: all, and those in one state.
CREATE INDEX jobs_newest_first ON jobs (tenant_id, created_at DESC, id DESC);
CREATE INDEX jobs_by_status ON jobs (tenant_id, status, created_at DESC, id DESC);
-- The sweeper's searches. These indexes are as small as the number of jobs in flight, whatever the size of the table.
CREATE INDEX jobs_never_enqueued ON jobs (created_at) WHERE status = 'queued' AND enqueued_at IS NULL;
CREATE INDEX jobs_waiting ON jobs (enqueued_at) WHERE status = 'queued';
CREATE INDEX jobs_leases ON jobs (lease_expires_at) WHERE status = 'running';
-- Lists failed jobs for operators.
CREATE INDEX jobs_failed ON jobs (finished_at DESC, id DESC) WHERE status = 'failed';
-- Finds jobs whose retention has ended, and erased jobs whose objects are still to be deleted.
CREATE INDEX jobs_with_content ON jobs (finished_at) WHERE erased_at IS NULL AND finished_at IS NOT NULL;
CREATE INDEX jobs_objects_due ON jobs (objects_due_at) WHERE objects_due_at IS NOT NULL;
-- Finds configurations that no job uses any more.
CREATE INDEX jobs_of_config ON jobs (config_fingerprint) WHERE config_fingerprint IS NOT NULL;

-- The API records, reads, cancels and erases jobs. It cannot end them in any other way. Neither role may delete rows or
-- update whole rows: each of the two would also allow it to lock the table against everyone.
GRANT SELECT,
    INSERT (id, tenant_id, idempotency_key, request_fingerprint, analysis, model_id, input, metadata, config_fingerprint,
            max_cost_usd),
    UPDATE (status, enqueued_at, finished_at, lease_expires_at, due_at, erased_at) ON jobs TO pipeline_api;
-- The workers run, fail, redrive and erase jobs.
GRANT SELECT,
    INSERT (id, tenant_id, request_fingerprint, analysis, model_id, input, metadata, config_fingerprint, max_cost_usd),
    UPDATE (status, attempt, claim_id, deferrals, release_reason, due_at, enqueued_at, started_at, finished_at,
            lease_expires_at, result, result_key, result_bytes, result_sha256, error_code, error_message,
            error_retryable, erased_at, objects_due_at)
    ON jobs TO pipeline_worker;

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY api_own_tenant ON jobs TO pipeline_api
    USING (tenant_id = request_tenant()) WITH CHECK (tenant_id = request_tenant());
CREATE POLICY worker_all_tenants ON jobs TO pipeline_worker USING (true) WITH CHECK (true);

-- Removes the tenant's job if it never reached the queue: its client received a 503. It runs as the owner, to whom row
-- level security applies as well, so the policies let the owner see and delete such jobs and no others.
CREATE FUNCTION withdraw_job(job uuid) RETURNS SETOF uuid LANGUAGE sql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    DELETE FROM jobs WHERE id = job AND tenant_id = request_tenant()
        AND status = 'queued' AND attempt = 0 AND enqueued_at IS NULL
    RETURNING id
$$;
REVOKE EXECUTE ON FUNCTION withdraw_job(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION withdraw_job(uuid) TO pipeline_api;
CREATE POLICY owner_sees_withdrawable ON jobs FOR SELECT TO CURRENT_USER
    USING (tenant_id = request_tenant() AND status = 'queued' AND attempt = 0 AND enqueued_at IS NULL);
CREATE POLICY owner_withdraws ON jobs FOR DELETE TO CURRENT_USER
    USING (tenant_id = request_tenant() AND status = 'queued' AND attempt = 0 AND enqueued_at IS NULL);

-- Every change of every job, in order. A trigger writes it, so that no statement can omit it.
CREATE TABLE job_events (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id      uuid        NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- accepted, claimed, released, succeeded, failed, cancelled, erased or withdrawn.
    event       text        NOT NULL,
    from_status job_status,
    to_status   job_status,
    attempt     integer     NOT NULL,
    -- The error code of a failure, or the reason of a release.
    reason      text
);
CREATE INDEX job_events_of_job ON job_events (job_id, id);
GRANT SELECT ON job_events TO pipeline_worker;

-- Enforces the state machine and records each transition. It runs as the owner, since no role may write history, and
-- names its search path, since the caller's may point anywhere.
CREATE FUNCTION record_job_event() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    kept jobs;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'queued' OR NEW.attempt <> 0 THEN
            RAISE EXCEPTION 'a job begins queued' USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO job_events (job_id, event, to_status, attempt)
        VALUES (NEW.id, 'accepted', NEW.status, NEW.attempt);
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        IF OLD.status <> 'queued' OR OLD.attempt <> 0 THEN
            RAISE EXCEPTION 'a claimed job cannot be deleted' USING ERRCODE = 'check_violation';
        END IF;
        INSERT INTO job_events (job_id, event, from_status, attempt)
        VALUES (OLD.id, 'withdrawn', OLD.status, OLD.attempt);
        RETURN OLD;
    ELSIF OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL THEN
        -- The trigger jobs_erase has undone every other change, and a constraint requires that the job has ended.
        INSERT INTO job_events (job_id, event, from_status, to_status, attempt)
        VALUES (NEW.id, 'erased', OLD.status, NEW.status, NEW.attempt);
    ELSIF OLD.status IN ('succeeded', 'failed', 'cancelled') THEN
        kept := OLD;
        kept.objects_due_at := NEW.objects_due_at;
        IF OLD.erased_at IS NULL OR NEW *<> kept THEN
            RAISE EXCEPTION 'a job that is % does not change', OLD.status USING ERRCODE = 'check_violation';
        END IF;
    ELSIF OLD.status IS DISTINCT FROM NEW.status OR OLD.attempt IS DISTINCT FROM NEW.attempt THEN
        IF (OLD.status, NEW.status) NOT IN (
            ('queued', 'running'), ('queued', 'cancelled'), ('queued', 'failed'),
            ('running', 'running'), ('running', 'queued'),
            ('running', 'succeeded'), ('running', 'failed'), ('running', 'cancelled')
        ) THEN
            RAISE EXCEPTION 'a job does not go from % to %', OLD.status, NEW.status USING ERRCODE = 'check_violation';
        ELSIF NEW.attempt <> OLD.attempt + (NEW.status = 'running')::integer THEN
            RAISE EXCEPTION 'only a claim is a new attempt' USING ERRCODE = 'check_violation';
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

-- Erases a job: whatever statement sets erased_at, the row loses all content and changes in nothing else. So no statement
-- can omit a column, and a role that may erase needs no right to change content.
CREATE FUNCTION erase_job_content() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erased jobs := OLD;
BEGIN
    erased.erased_at := greatest(now(), OLD.finished_at);
    erased.objects_due_at := erased.erased_at;
    erased.input := NULL;
    erased.metadata := NULL;
    erased.idempotency_key := NULL;
    erased.request_fingerprint := NULL;
    erased.config_fingerprint := NULL;
    erased.result := NULL;
    erased.result_key := NULL;
    erased.result_bytes := NULL;
    erased.result_sha256 := NULL;
    erased.error_message := NULL;
    RETURN erased;
END $$;
CREATE TRIGGER jobs_erase BEFORE UPDATE ON jobs
    FOR EACH ROW WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL) EXECUTE FUNCTION erase_job_content();

CREATE FUNCTION refuse_event_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'job_events is append-only' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER job_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON job_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_event_change();

REVOKE EXECUTE ON FUNCTION record_job_event(), erase_job_content(), refuse_event_change() FROM PUBLIC;
