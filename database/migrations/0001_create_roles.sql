-- The two login roles beside the owner. The API sees only the rows of its caller's tenant; the workers see all rows.
-- Neither can do more than its statements need: each table grants it exactly that. The migrator sets the passwords.
--
-- In later migrations:
--   * A new table has no grants and no policies. Add both for the statements that use it.
--   * FORCE ROW LEVEL SECURITY applies to the owner too, who is no superuser on RDS and sees such a table as empty.
--     A migration that changes rows begins with ALTER TABLE ... NO FORCE ROW LEVEL SECURITY and ends with FORCE.

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
