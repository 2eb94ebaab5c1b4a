-- What becomes of messages that nobody could handle, and of failed jobs that an operator runs again.
--
-- State machine (the same list stands in functions/pipeline/jobs/domain/job.py; a test compares the two):
--   queued    -> running      a worker claims the job
--   queued    -> cancelled    the caller cancels before a worker claims
--   queued    -> failed       the job's message was delivered again and again, and nobody could claim the job
--   running   -> running      another worker claims after the lease ran out (a new attempt)
--   running   -> queued       the worker gives the job back: throttled, or a fault that may pass
--   running   -> succeeded    the worker stored the result
--   running   -> failed       the job cannot be done, or its attempts are used up
--   running   -> cancelled    the caller cancels while a worker runs it
-- succeeded, failed and cancelled are final.
ALTER TABLE jobs DROP CONSTRAINT running_was_claimed;
ALTER TABLE jobs ADD CONSTRAINT running_was_claimed CHECK (status NOT IN ('running', 'succeeded') OR attempt > 0);

CREATE OR REPLACE FUNCTION record_job_event() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- A message that was delivered as often as the queue allows. What it said is not kept: it may be anybody's.
CREATE TABLE dead_letters (
    message_id  text        PRIMARY KEY,
    -- NULL: it names no job.
    job_id      uuid,
    fate        text        NOT NULL CHECK (fate IN ('job_failed', 'job_unaffected', 'no_such_job', 'unrecognized')),
    deliveries  integer     NOT NULL CHECK (deliveries > 0),
    body_bytes  integer     NOT NULL CHECK (body_bytes >= 0),
    body_sha256 bytea       NOT NULL CHECK (octet_length(body_sha256) = 32),
    recorded_at   timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT ours_names_a_job CHECK ((job_id IS NULL) = (fate = 'unrecognized'))
);
CREATE INDEX dead_letters_newest_first ON dead_letters (recorded_at DESC);

-- Who ran a failed job again, why, and as which job. The failed job itself never changes.
CREATE TABLE redrives (
    job_id      uuid        PRIMARY KEY,
    redrive_of  uuid        NOT NULL,
    -- 1, and more only for who insists: so that two operators do not run one job twice.
    nth         integer     NOT NULL CHECK (nth > 0),
    tenant_id   text        NOT NULL,
    -- As the operator's command says; the request's id finds the caller in CloudTrail, where invocations are logged.
    who         text        NOT NULL CHECK (length(who) > 0),
    because     text        NOT NULL CHECK (length(because) > 0),
    request_id  text        NOT NULL,
    at          timestamptz NOT NULL DEFAULT now(),

    UNIQUE (redrive_of, nth)
);

CREATE INDEX jobs_failed ON jobs (finished_at DESC, id DESC) WHERE status = 'failed';
