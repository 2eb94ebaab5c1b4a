-- Two roles beside the owner: what serves callers sees its caller's rows alone, and neither can do more than its
-- statements need. The migrator gives them their passwords (pipeline.platform.rotation).
--
-- For later migrations:
--   * A new table has no grant and no policy: say who may do what with it, here and for the statements that are new.
--   * FORCE ROW LEVEL SECURITY holds for the owner too, who is no superuser on RDS and finds every such table empty.
--     A migration that changes rows begins with ALTER TABLE ... NO FORCE ROW LEVEL SECURITY, and ends with FORCE.
--   * CREATE OR REPLACE FUNCTION record_job_event must say SECURITY DEFINER SET search_path again.

-- Roles belong to the server: another database on it may have made them, or be about to.
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

-- Only the trigger writes history: it does so as the owner, on the owner's tables wherever the caller's path points.
ALTER FUNCTION record_job_event() SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp;
REVOKE EXECUTE ON FUNCTION record_job_event(), refuse_event_change() FROM PUBLIC;

-- The API: records jobs, says where they stand, cancels them. It ends none otherwise, and reads what they cost.
GRANT SELECT (fingerprint), INSERT (fingerprint, body) ON job_configs TO pipeline_api;
GRANT SELECT, DELETE,
    INSERT (id, tenant_id, idempotency_key, request_fingerprint, analysis, model_id, input, metadata, config_fingerprint),
    UPDATE (status, enqueued_at, finished_at, lease_expires_at, due_at) ON jobs TO pipeline_api;
GRANT SELECT (job_id, tenant_id, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd)
    ON model_calls TO pipeline_api;
GRANT SELECT (job_id, redrive_of, nth, tenant_id) ON redrives TO pipeline_api;
GRANT SELECT ON daily_spend TO pipeline_api;

-- The workers: run jobs, bury and redrive them, and keep the books of the models' calls. They remove nothing.
GRANT SELECT ON job_configs, jobs, job_events, model_calls, model_slots, daily_spend, model_health, dead_letters, redrives
    TO pipeline_worker;
GRANT INSERT (id, tenant_id, request_fingerprint, analysis, model_id, input, metadata, config_fingerprint)
    ON jobs TO pipeline_worker;
GRANT INSERT ON dead_letters, redrives TO pipeline_worker;
GRANT UPDATE (status, attempt, claim_id, deferrals, release_reason, due_at, enqueued_at, started_at, finished_at,
              lease_expires_at, result, result_key, result_bytes, error_code, error_message, error_retryable)
    ON jobs TO pipeline_worker;
GRANT INSERT, UPDATE (ended_at, outcome, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, cost_usd)
    ON model_calls TO pipeline_worker;
GRANT UPDATE (call_id, held_until) ON model_slots TO pipeline_worker;
GRANT INSERT (day, tenant_id), UPDATE (usd) ON daily_spend TO pipeline_worker;
GRANT INSERT, UPDATE (failures, open_until) ON model_health TO pipeline_worker;

-- The tenant of a request, said in its transaction alone. Afterwards the setting is '', which is nobody.
CREATE FUNCTION request_tenant() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant', true), '');

ALTER TABLE jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE model_calls ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE daily_spend ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE redrives ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY api_of_tenant ON jobs TO pipeline_api
    USING (tenant_id = request_tenant()) WITH CHECK (tenant_id = request_tenant());
CREATE POLICY api_withdraws ON jobs AS RESTRICTIVE FOR DELETE TO pipeline_api
    USING (status = 'queued' AND attempt = 0 AND enqueued_at IS NULL);
CREATE POLICY api_of_tenant ON model_calls FOR SELECT TO pipeline_api USING (tenant_id = request_tenant());
CREATE POLICY api_of_tenant ON redrives FOR SELECT TO pipeline_api USING (tenant_id = request_tenant());
-- The row of the whole stage, whose tenant is '', says when there is no money left for anybody.
CREATE POLICY api_of_tenant ON daily_spend FOR SELECT TO pipeline_api
    USING (tenant_id = request_tenant() OR (tenant_id = '' AND request_tenant() IS NOT NULL));

CREATE POLICY worker_of_all ON jobs TO pipeline_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_of_all ON model_calls TO pipeline_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_of_all ON daily_spend TO pipeline_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_of_all ON redrives TO pipeline_worker USING (true) WITH CHECK (true);
