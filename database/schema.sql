-- What the migrations make, for reading. Renewed by: uv run python -m tests.support.schema_dump


CREATE TYPE public.job_status AS ENUM (
    'queued',
    'running',
    'succeeded',
    'failed',
    'cancelled'
);

CREATE FUNCTION public.record_job_event() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
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
            ('queued', 'running'), ('queued', 'cancelled'), ('queued', 'failed'),
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

CREATE FUNCTION public.refuse_event_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'job_events is append-only' USING ERRCODE = 'check_violation';
END $$;

CREATE FUNCTION public.request_tenant() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('app.tenant'::text, true), ''::text);

CREATE TABLE public.daily_spend (
    day date NOT NULL,
    tenant_id text NOT NULL,
    usd numeric(16,9) DEFAULT 0 NOT NULL
);

ALTER TABLE ONLY public.daily_spend FORCE ROW LEVEL SECURITY;

CREATE TABLE public.dead_letters (
    message_id text NOT NULL,
    job_id uuid,
    fate text NOT NULL,
    deliveries integer NOT NULL,
    body_bytes integer NOT NULL,
    body_sha256 bytea NOT NULL,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT dead_letters_body_bytes_check CHECK ((body_bytes >= 0)),
    CONSTRAINT dead_letters_body_sha256_check CHECK ((octet_length(body_sha256) = 32)),
    CONSTRAINT dead_letters_deliveries_check CHECK ((deliveries > 0)),
    CONSTRAINT dead_letters_fate_check CHECK ((fate = ANY (ARRAY['job_failed'::text, 'job_unaffected'::text, 'no_such_job'::text, 'unrecognized'::text]))),
    CONSTRAINT ours_names_a_job CHECK (((job_id IS NULL) = (fate = 'unrecognized'::text)))
);

CREATE TABLE public.job_configs (
    fingerprint bytea NOT NULL,
    body json NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT job_configs_fingerprint_check CHECK ((octet_length(fingerprint) = 32))
);

CREATE TABLE public.job_events (
    id bigint NOT NULL,
    job_id uuid NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    event text NOT NULL,
    from_status public.job_status,
    to_status public.job_status,
    attempt integer NOT NULL,
    reason text
);

ALTER TABLE public.job_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.job_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.jobs (
    id uuid NOT NULL,
    tenant_id text NOT NULL,
    idempotency_key text,
    request_fingerprint bytea NOT NULL,
    analysis text NOT NULL,
    model_id text NOT NULL,
    input json NOT NULL,
    metadata json NOT NULL,
    config_fingerprint bytea NOT NULL,
    status public.job_status DEFAULT 'queued'::public.job_status NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    deferrals integer DEFAULT 0 NOT NULL,
    release_reason text,
    due_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    enqueued_at timestamp with time zone,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    lease_expires_at timestamp with time zone,
    result json,
    result_key text,
    result_bytes integer,
    error_code text,
    error_message text,
    error_retryable boolean,
    claim_id uuid,
    CONSTRAINT error_is_whole CHECK ((((error_code IS NULL) = (error_message IS NULL)) AND ((error_code IS NULL) = (error_retryable IS NULL)))),
    CONSTRAINT failed_has_error CHECK (((status = 'failed'::public.job_status) = (error_code IS NOT NULL))),
    CONSTRAINT final_has_finished CHECK (((status = ANY (ARRAY['succeeded'::public.job_status, 'failed'::public.job_status, 'cancelled'::public.job_status])) = (finished_at IS NOT NULL))),
    CONSTRAINT jobs_attempt_check CHECK ((attempt >= 0)),
    CONSTRAINT jobs_check CHECK (((deferrals >= 0) AND (deferrals <= attempt))),
    CONSTRAINT jobs_idempotency_key_check CHECK (((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 255))),
    CONSTRAINT jobs_request_fingerprint_check CHECK ((octet_length(request_fingerprint) = 32)),
    CONSTRAINT jobs_result_bytes_check CHECK ((result_bytes >= 0)),
    CONSTRAINT only_queued_is_due CHECK (((due_at IS NULL) OR (status = 'queued'::public.job_status))),
    CONSTRAINT result_has_size CHECK (((result_key IS NULL) = (result_bytes IS NULL))),
    CONSTRAINT result_only_with_object CHECK (((result IS NULL) OR (result_key IS NOT NULL))),
    CONSTRAINT running_has_lease CHECK (((status = 'running'::public.job_status) = (lease_expires_at IS NOT NULL))),
    CONSTRAINT running_was_claimed CHECK (((status <> ALL (ARRAY['running'::public.job_status, 'succeeded'::public.job_status])) OR (attempt > 0))),
    CONSTRAINT started_once_claimed CHECK (((attempt > 0) = (started_at IS NOT NULL))),
    CONSTRAINT succeeded_has_result CHECK (((status = 'succeeded'::public.job_status) = (result_key IS NOT NULL))),
    CONSTRAINT times_in_order CHECK (((created_at <= enqueued_at) AND (created_at <= started_at) AND (COALESCE(started_at, created_at) <= finished_at)))
);

ALTER TABLE ONLY public.jobs FORCE ROW LEVEL SECURITY;

CREATE TABLE public.model_calls (
    id uuid NOT NULL,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    tenant_id text NOT NULL,
    model_id text NOT NULL,
    day date NOT NULL,
    reserved_usd numeric(16,9) NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    ended_at timestamp with time zone,
    outcome text,
    input_tokens bigint DEFAULT 0 NOT NULL,
    output_tokens bigint DEFAULT 0 NOT NULL,
    cache_read_tokens bigint DEFAULT 0 NOT NULL,
    cache_write_tokens bigint DEFAULT 0 NOT NULL,
    cost_usd numeric(16,9),
    CONSTRAINT cost_is_of_an_end CHECK (((cost_usd IS NULL) OR (ended_at IS NOT NULL))),
    CONSTRAINT ended_has_outcome CHECK (((ended_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT model_calls_cache_read_tokens_check CHECK ((cache_read_tokens >= 0)),
    CONSTRAINT model_calls_cache_write_tokens_check CHECK ((cache_write_tokens >= 0)),
    CONSTRAINT model_calls_cost_usd_check CHECK ((cost_usd >= (0)::numeric)),
    CONSTRAINT model_calls_input_tokens_check CHECK ((input_tokens >= 0)),
    CONSTRAINT model_calls_output_tokens_check CHECK ((output_tokens >= 0)),
    CONSTRAINT model_calls_reserved_usd_check CHECK ((reserved_usd >= (0)::numeric))
);

ALTER TABLE ONLY public.model_calls FORCE ROW LEVEL SECURITY;

CREATE TABLE public.model_health (
    model_id text NOT NULL,
    failures integer NOT NULL,
    open_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT model_health_failures_check CHECK ((failures >= 0))
);

CREATE TABLE public.model_slots (
    number integer NOT NULL,
    call_id uuid,
    held_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT model_slots_number_check CHECK (((number >= 1) AND (number <= 1000)))
);

CREATE TABLE public.redrives (
    job_id uuid NOT NULL,
    redrive_of uuid NOT NULL,
    nth integer NOT NULL,
    tenant_id text NOT NULL,
    who text NOT NULL,
    because text NOT NULL,
    request_id text NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT redrives_because_check CHECK ((length(because) > 0)),
    CONSTRAINT redrives_nth_check CHECK ((nth > 0)),
    CONSTRAINT redrives_who_check CHECK ((length(who) > 0))
);

ALTER TABLE ONLY public.redrives FORCE ROW LEVEL SECURITY;

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.daily_spend
    ADD CONSTRAINT daily_spend_pkey PRIMARY KEY (day, tenant_id);

ALTER TABLE ONLY public.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (message_id);

ALTER TABLE ONLY public.job_configs
    ADD CONSTRAINT job_configs_pkey PRIMARY KEY (fingerprint);

ALTER TABLE ONLY public.job_events
    ADD CONSTRAINT job_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.model_calls
    ADD CONSTRAINT model_calls_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.model_health
    ADD CONSTRAINT model_health_pkey PRIMARY KEY (model_id);

ALTER TABLE ONLY public.model_slots
    ADD CONSTRAINT model_slots_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.redrives
    ADD CONSTRAINT redrives_pkey PRIMARY KEY (job_id);

ALTER TABLE ONLY public.redrives
    ADD CONSTRAINT redrives_redrive_of_nth_key UNIQUE (redrive_of, nth);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

CREATE INDEX dead_letters_newest_first ON public.dead_letters USING btree (recorded_at DESC);

CREATE INDEX job_events_of_job ON public.job_events USING btree (job_id, id);

CREATE INDEX jobs_by_status ON public.jobs USING btree (tenant_id, status, created_at DESC, id DESC);

CREATE INDEX jobs_failed ON public.jobs USING btree (finished_at DESC, id DESC) WHERE (status = 'failed'::public.job_status);

CREATE UNIQUE INDEX jobs_idempotency_key ON public.jobs USING btree (tenant_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);

CREATE INDEX jobs_leases ON public.jobs USING btree (lease_expires_at) WHERE (status = 'running'::public.job_status);

CREATE INDEX jobs_never_enqueued ON public.jobs USING btree (created_at) WHERE ((status = 'queued'::public.job_status) AND (enqueued_at IS NULL));

CREATE INDEX jobs_newest_first ON public.jobs USING btree (tenant_id, created_at DESC, id DESC);

CREATE INDEX jobs_waiting ON public.jobs USING btree (enqueued_at) WHERE (status = 'queued'::public.job_status);

CREATE INDEX model_calls_of_day ON public.model_calls USING btree (day, tenant_id);

CREATE INDEX model_calls_of_job ON public.model_calls USING btree (job_id);

CREATE INDEX model_slots_of_call ON public.model_slots USING btree (call_id);

CREATE TRIGGER job_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.job_events FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_event_change();

CREATE TRIGGER jobs_record_event AFTER INSERT OR DELETE OR UPDATE ON public.jobs FOR EACH ROW EXECUTE FUNCTION public.record_job_event();

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_config_fingerprint_fkey FOREIGN KEY (config_fingerprint) REFERENCES public.job_configs(fingerprint);

CREATE POLICY api_of_tenant ON public.daily_spend FOR SELECT TO pipeline_api USING (((tenant_id = public.request_tenant()) OR ((tenant_id = ''::text) AND (public.request_tenant() IS NOT NULL))));

CREATE POLICY api_of_tenant ON public.jobs TO pipeline_api USING ((tenant_id = public.request_tenant())) WITH CHECK ((tenant_id = public.request_tenant()));

CREATE POLICY api_of_tenant ON public.model_calls FOR SELECT TO pipeline_api USING ((tenant_id = public.request_tenant()));

CREATE POLICY api_of_tenant ON public.redrives FOR SELECT TO pipeline_api USING ((tenant_id = public.request_tenant()));

CREATE POLICY api_withdraws ON public.jobs AS RESTRICTIVE FOR DELETE TO pipeline_api USING (((status = 'queued'::public.job_status) AND (attempt = 0) AND (enqueued_at IS NULL)));

ALTER TABLE public.daily_spend ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.jobs ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.model_calls ENABLE ROW LEVEL SECURITY;

ALTER TABLE public.redrives ENABLE ROW LEVEL SECURITY;

CREATE POLICY worker_of_all ON public.daily_spend TO pipeline_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_of_all ON public.jobs TO pipeline_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_of_all ON public.model_calls TO pipeline_worker USING (true) WITH CHECK (true);

CREATE POLICY worker_of_all ON public.redrives TO pipeline_worker USING (true) WITH CHECK (true);

