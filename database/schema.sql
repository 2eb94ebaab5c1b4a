-- The whole schema, table by table, for reading. A test compares it with the migrations.
--
-- States of a job, with the cause of each transition (the list of pipeline.jobs.domain.job; a test compares the two):
--   queued    -> running      a worker claims the job
--   queued    -> cancelled    the caller cancels before a worker claims
--   queued    -> failed       the job's message was delivered as often as the queue allows, and no worker could claim it
--   running   -> running      another worker claims after the lease expired (a new attempt)
--   running   -> queued       the worker gives the job back: throttled, or an error that may pass
--   running   -> succeeded    the worker stored the result
--   running   -> failed       the job cannot be done, or its attempts are used up
--   running   -> cancelled    the caller cancels while a worker runs it
-- succeeded, failed and cancelled are final.

-- Roles belong to the server: a migration of another database may have created them, or be creating them now.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['pipeline_api', 'pipeline_worker'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;
            END;
        END IF;
    END LOOP;
END $$;

-- The tenant of the current request. The adapter sets it for one transaction; outside of it there is no tenant.
CREATE FUNCTION request_tenant() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant', true), '');
REVOKE EXECUTE ON FUNCTION request_tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION request_tenant() TO pipeline_api, pipeline_worker;

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

-- The ledger. A row without ended_at is a call in progress, or one whose worker died: it is then unknown whether Bedrock
-- bills the call, and its reservation stays spent.
CREATE TABLE model_calls (
    id                  uuid        PRIMARY KEY,
    -- The piece of work that the call is made for.
    purpose             text        NOT NULL CHECK (purpose IN ('job', 'sync_run', 'chat_turn')),
    owner_id            uuid        NOT NULL,
    attempt             integer,
    tenant_id           text        NOT NULL,
    model_id            text        NOT NULL,
    -- The UTC day whose limits the call counts against: the day on which it began.
    day                 date        NOT NULL,
    -- Upper bound of its cost, reserved until the call is settled.
    reserved_usd        numeric(16, 9) NOT NULL CHECK (reserved_usd >= 0),
    -- The constant beginning of its prompt, if Bedrock's prompt cache can hold it, and whether the call marked it.
    prefix_id           uuid,
    marks_prefix        boolean     NOT NULL DEFAULT false,

    started_at          timestamptz NOT NULL DEFAULT now(),
    ended_at            timestamptz,
    -- 'answered', or the reason why there is no answer.
    outcome             text,
    input_tokens        bigint      NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    output_tokens       bigint      NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    cache_read_tokens   bigint      NOT NULL DEFAULT 0 CHECK (cache_read_tokens >= 0),
    cache_write_tokens  bigint      NOT NULL DEFAULT 0 CHECK (cache_write_tokens >= 0),
    -- NULL while it is unknown, also after a connection that broke before the answer arrived.
    cost_usd            numeric(16, 9) CHECK (cost_usd >= 0),

    CONSTRAINT job_has_attempt   CHECK ((purpose = 'job') = (attempt IS NOT NULL)),
    CONSTRAINT ended_has_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT cost_is_of_an_end CHECK (cost_usd IS NULL OR ended_at IS NOT NULL)
);
CREATE INDEX model_calls_of_owner ON model_calls (owner_id);
-- Explains what a tenant's day was spent on.
CREATE INDEX model_calls_of_day ON model_calls (day, tenant_id);

GRANT SELECT (owner_id, tenant_id, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd)
    ON model_calls TO pipeline_api;
GRANT SELECT, INSERT,
    UPDATE (ended_at, outcome, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd)
    ON model_calls TO pipeline_worker;

ALTER TABLE model_calls ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY api_own_tenant ON model_calls FOR SELECT TO pipeline_api USING (tenant_id = request_tenant());
CREATE POLICY worker_all_tenants ON model_calls TO pipeline_worker USING (true) WITH CHECK (true);

-- The tokens and the cost of all calls of one owner. Inlined into the statements that use it.
CREATE FUNCTION usage_of(owner uuid) RETURNS TABLE (
    input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint, cost_usd numeric
) LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CAST(coalesce(sum(input_tokens), 0) AS bigint), CAST(coalesce(sum(output_tokens), 0) AS bigint),
           CAST(coalesce(sum(cache_read_tokens), 0) AS bigint), CAST(coalesce(sum(cache_write_tokens), 0) AS bigint),
           coalesce(sum(cost_usd), 0)
    FROM model_calls WHERE owner_id = owner
$$;
REVOKE EXECUTE ON FUNCTION usage_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION usage_of(uuid) TO pipeline_api, pipeline_worker;

-- The constant beginnings of prompts, which Bedrock's prompt cache can hold: a row for each model, analysis and version
-- of its prompt. The rule that it serves, with its arithmetic, is in functions/pipeline/models/prompt_cache.py.
CREATE TABLE prompt_prefixes (
    -- From the hash of the text, which the analysis's author wrote: nothing of a tenant.
    id              uuid        PRIMARY KEY,
    -- Writes that no read follows, which the prefix's calls may still make.
    writes_left     numeric     NOT NULL CHECK (writes_left >= 0),
    -- The gain of a read, in writes.
    writes_per_read numeric     NOT NULL,
    last_call_at    timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE (writes_left, writes_per_read, last_call_at) ON prompt_prefixes TO pipeline_worker;

-- Deletes a number of prefixes that have not been called for a day and have lost nothing: a new row would have 2 writes
-- left, as the policy gives it. Otherwise an analysis whose instructions change from call to call would leave a row for
-- each call.
CREATE FUNCTION delete_prompt_prefixes(max_rows integer) RETURNS bigint LANGUAGE sql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH deleted AS (
        DELETE FROM prompt_prefixes WHERE id IN (
            SELECT id FROM prompt_prefixes
            WHERE last_call_at < now() - interval '1 day' AND writes_left >= 2 LIMIT max_rows
        ) RETURNING id
    )
    SELECT count(*) FROM deleted
$$;
REVOKE EXECUTE ON FUNCTION delete_prompt_prefixes(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION delete_prompt_prefixes(integer) TO pipeline_worker;

-- Slots for concurrent calls; a stage uses the first `concurrent_model_calls`. The slot of a dead worker becomes free
-- once its call has certainly ended.
CREATE TABLE model_slots (
    number      integer     PRIMARY KEY CHECK (number BETWEEN 1 AND 1000),
    call_id     uuid,
    -- The tenant whose call holds it: a tenant that holds one leaves the last free slot to others.
    tenant_id   text,
    held_until  timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO model_slots (number) SELECT generate_series(1, 1000);
CREATE INDEX model_slots_of_call ON model_slots (call_id);
GRANT SELECT, UPDATE (call_id, tenant_id, held_until) ON model_slots TO pipeline_worker;

ALTER TABLE model_slots ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY worker_all_tenants ON model_slots TO pipeline_worker USING (true) WITH CHECK (true);

-- Calls begin one at a time, behind the lock of its one row. Every role can take advisory locks; only workers this one.
CREATE TABLE model_call_turn (
    only_row boolean PRIMARY KEY CHECK (only_row)
);
INSERT INTO model_call_turn VALUES (true);
GRANT SELECT, UPDATE (only_row) ON model_call_turn TO pipeline_worker;

-- The amount spent and reserved on a UTC day: a row for each tenant, and one for the whole stage, whose tenant is ''.
CREATE TABLE daily_spend (
    day         date,
    tenant_id   text,
    usd         numeric(16, 9) NOT NULL DEFAULT 0,
    PRIMARY KEY (day, tenant_id)
);
GRANT SELECT, INSERT (day, tenant_id), UPDATE (usd) ON daily_spend TO pipeline_worker;

ALTER TABLE daily_spend ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY worker_all_tenants ON daily_spend TO pipeline_worker USING (true) WITH CHECK (true);
-- lock_admission() reads it as the owner.
CREATE POLICY owner_all_tenants ON daily_spend FOR SELECT TO CURRENT_USER USING (true);

-- The circuit breaker: a model's consecutive failures, and the time until which no worker calls it.
CREATE TABLE model_health (
    model_id     text        PRIMARY KEY,
    failures     integer     NOT NULL CHECK (failures >= 0),
    open_until   timestamptz NOT NULL DEFAULT '-infinity',
    -- Calls that began earlier are no evidence of the present.
    closed_since timestamptz NOT NULL DEFAULT '-infinity',
    -- The call that probes the model while its circuit is open.
    probe_id     uuid
);
GRANT SELECT, INSERT, UPDATE (failures, open_until, closed_since, probe_id) ON model_health TO pipeline_worker;

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

-- The jobs that each tenant has queued now and has submitted today. A trigger counts them, so no statement omits one.
CREATE TABLE admissions (
    tenant_id    text           PRIMARY KEY,
    queued_jobs  integer        NOT NULL DEFAULT 0 CHECK (queued_jobs >= 0),
    queued_usd   numeric(16, 9) NOT NULL DEFAULT 0 CHECK (queued_usd >= 0),
    -- The latest UTC day on which the tenant submitted a job, with its jobs and the bytes of their documents and
    -- metadata. Neither cancelling nor finishing a job gives anything back; a job that never reached the queue does.
    day          date           NOT NULL DEFAULT '-infinity',
    day_jobs     integer        NOT NULL DEFAULT 0 CHECK (day_jobs >= 0),
    day_bytes    bigint         NOT NULL DEFAULT 0 CHECK (day_bytes >= 0)
) WITH (fillfactor = 50);  -- each change of a job updates a row: room for its versions on the same page
GRANT SELECT ON admissions TO pipeline_worker;

ALTER TABLE admissions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY worker_all_tenants ON admissions FOR SELECT TO pipeline_worker USING (true);
-- The two functions below run as the owner: no role may change a count, and the API sees its tenant's alone.
CREATE POLICY owner_all_tenants ON admissions TO CURRENT_USER USING (true) WITH CHECK (true);

CREATE FUNCTION count_admission() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    job       jobs    := coalesce(NEW, OLD);
    today     date    := (now() AT TIME ZONE 'UTC')::date;
    queued    integer := (TG_OP <> 'DELETE' AND NEW.status = 'queued')::integer
                       - (TG_OP <> 'INSERT' AND OLD.status = 'queued')::integer;
    -- A redrive is an operator's, who has no tenant: it does not count against the tenant's day.
    submitted integer := CASE WHEN request_tenant() IS NULL THEN 0 WHEN TG_OP = 'INSERT' THEN 1
                              WHEN TG_OP = 'DELETE' AND (job.created_at AT TIME ZONE 'UTC')::date = today THEN -1
                              ELSE 0 END;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO admissions (tenant_id) VALUES (job.tenant_id) ON CONFLICT DO NOTHING;
    END IF;
    IF queued <> 0 OR submitted <> 0 THEN
        -- A transaction that began before midnight may come after one of the new day: the day never goes back.
        UPDATE admissions SET
            queued_jobs = queued_jobs + queued,
            queued_usd = queued_usd + queued * job.max_cost_usd,
            day = greatest(day, today),
            day_jobs = CASE WHEN day < today THEN 0 ELSE day_jobs END + submitted,
            day_bytes = CASE WHEN day < today THEN 0 ELSE day_bytes END
                + submitted * (octet_length(job.input::text) + octet_length(job.metadata::text))
        WHERE tenant_id = job.tenant_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_count_admission AFTER INSERT OR DELETE OR UPDATE OF status ON jobs
    FOR EACH ROW EXECUTE FUNCTION count_admission();

-- Locks the counts of the request's tenant until its transaction ends, and returns them with the day's spending. Of
-- requests at once, each sees what those before it recorded: its queries read after the lock was taken.
CREATE FUNCTION lock_admission(
    OUT queued_jobs integer, OUT day_jobs integer, OUT day_bytes bigint,
    OUT tenant_usd numeric, OUT tenant_queued_usd numeric, OUT stage_usd numeric, OUT stage_queued_usd numeric
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    own   admissions;
BEGIN
    INSERT INTO admissions AS counted (tenant_id) VALUES (request_tenant())
    ON CONFLICT (tenant_id) DO UPDATE SET tenant_id = excluded.tenant_id RETURNING counted.* INTO own;
    queued_jobs := own.queued_jobs;
    tenant_queued_usd := own.queued_usd;
    stage_queued_usd := (SELECT sum(queued_usd) FROM admissions);
    day_jobs := CASE WHEN own.day < today THEN 0 ELSE own.day_jobs END;
    day_bytes := CASE WHEN own.day < today THEN 0 ELSE own.day_bytes END;
    SELECT coalesce(sum(usd) FILTER (WHERE tenant_id <> ''), 0), coalesce(sum(usd) FILTER (WHERE tenant_id = ''), 0)
    INTO tenant_usd, stage_usd FROM daily_spend WHERE day = today AND tenant_id IN ('', own.tenant_id);
END $$;
REVOKE EXECUTE ON FUNCTION count_admission(), lock_admission() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_admission() TO pipeline_api;
