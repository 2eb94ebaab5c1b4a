-- Model calls: every call is recorded before it is made, and made only within the stage's limits.

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
