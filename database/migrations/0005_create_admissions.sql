-- Admission: the jobs that each tenant has queued now and has submitted today, counted by a trigger.

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
