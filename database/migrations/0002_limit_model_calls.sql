-- Every call of a model is written down before it is made, and made only within the stage's limits.

-- Which claim the running attempt is: a worker whose connection broke while it claimed finds that it has the job.
ALTER TABLE jobs ADD COLUMN claim_id uuid;

-- The ledger. A row without ended_at is a call under way, or one whose worker died: then nobody knows whether Bedrock
-- has billed it, and what was reserved for it stays spent.
CREATE TABLE model_calls (
    id                  uuid        PRIMARY KEY,
    job_id              uuid        NOT NULL,
    attempt             integer     NOT NULL,
    tenant_id           text        NOT NULL,
    model_id            text        NOT NULL,
    -- The UTC day whose budget it counts against: that of its beginning.
    day                 date        NOT NULL,
    reserved_usd        numeric(16, 9) NOT NULL CHECK (reserved_usd >= 0),

    started_at          timestamptz NOT NULL DEFAULT now(),
    ended_at            timestamptz,
    -- 'answered', or why there is no answer.
    outcome             text,
    input_tokens        bigint      NOT NULL DEFAULT 0 CHECK (input_tokens >= 0),
    output_tokens       bigint      NOT NULL DEFAULT 0 CHECK (output_tokens >= 0),
    cache_read_tokens   bigint      NOT NULL DEFAULT 0 CHECK (cache_read_tokens >= 0),
    cache_write_tokens  bigint      NOT NULL DEFAULT 0 CHECK (cache_write_tokens >= 0),
    -- NULL: not known, also when the connection broke before the answer came.
    cost_usd            numeric(16, 9) CHECK (cost_usd >= 0),

    CONSTRAINT ended_has_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT cost_is_of_an_end CHECK (cost_usd IS NULL OR ended_at IS NOT NULL)
);
CREATE INDEX model_calls_of_job ON model_calls (job_id);
-- What a tenant's day was spent on.
CREATE INDEX model_calls_of_day ON model_calls (day, tenant_id);

-- What was summed up in the job itself is one row of the ledger now.
INSERT INTO model_calls (id, job_id, attempt, tenant_id, model_id, day, reserved_usd, started_at, ended_at, outcome,
                         input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd)
SELECT gen_random_uuid(), id, attempt, tenant_id, model_id, (started_at AT TIME ZONE 'UTC')::date, 0, started_at,
       started_at, 'all calls before the ledger', input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
       cost_usd
FROM jobs WHERE cost_usd > 0;
ALTER TABLE jobs DROP COLUMN input_tokens, DROP COLUMN output_tokens, DROP COLUMN cache_read_tokens,
    DROP COLUMN cache_write_tokens, DROP COLUMN cost_usd;

-- The places at the model, of which a stage uses the first so many. One that a dead worker holds frees itself once its
-- call has surely ended.
CREATE TABLE model_slots (
    number      integer     PRIMARY KEY CHECK (number BETWEEN 1 AND 1000),
    call_id     uuid,
    held_until  timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO model_slots (number) SELECT generate_series(1, 1000);
CREATE INDEX model_slots_of_call ON model_slots (call_id);

-- What is spent and reserved on a UTC day: a row for each tenant, and one for the whole stage, whose tenant is ''.
CREATE TABLE daily_spend (
    day         date,
    tenant_id   text,
    usd         numeric(16, 9) NOT NULL DEFAULT 0,
    PRIMARY KEY (day, tenant_id)
);

-- The circuit breaker: how often a model has failed since it answered last, and until when nobody asks it.
CREATE TABLE model_health (
    model_id    text        PRIMARY KEY,
    failures    integer     NOT NULL CHECK (failures >= 0),
    open_until  timestamptz NOT NULL DEFAULT '-infinity'
);
