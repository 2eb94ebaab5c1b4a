"""The two database roles: each can run only its own statements, and the API sees only one tenant."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from pg8000.exceptions import DatabaseError
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.job import ClaimedJob, JobStatus
from pipeline.platform.postgres import Postgres, sqlstate

from tests.support.job_store_contract import RESULT
from tests.support.jobs import new_job

DENIED = "42501"


@pytest.fixture
def job_id(as_api: Postgres) -> UUID:
    """A job of tenant a."""
    return PostgresJobStore(as_api).submit(new_job(tenant="a")).id


def refused(run: Callable[[], object]) -> str:
    with pytest.raises(DatabaseError) as refusal:
        run()
    return sqlstate(refusal.value)


def allowed(connection: Postgres, statements: tuple[str, ...]) -> list[str]:
    """The statements that the server does not deny to the connection's role."""

    def denied(statement: str) -> bool:
        try:
            connection.run(statement, "a")
        except DatabaseError as exc:
            return sqlstate(exc) == DENIED
        return False

    return [statement for statement in statements if not denied(statement)]


JOBS = "SELECT id FROM jobs"


def test_the_api_sees_only_the_jobs_of_the_given_tenant(as_api: Postgres, job_id: UUID) -> None:
    assert as_api.run(JOBS, "a") == [{"id": job_id}]
    assert as_api.run(JOBS, "b") == []
    assert as_api.run(JOBS, "") == []
    assert as_api.run(JOBS) == []


def test_the_tenant_applies_to_one_statement_even_if_it_fails(as_api: Postgres, job_id: UUID) -> None:
    backend = as_api.run("SELECT pg_backend_pid() AS pid", "a")
    assert refused(lambda: as_api.run("SELECT 1/0", "a")) == "22012"
    assert as_api.run(JOBS) == []
    assert as_api.run("SELECT request_tenant() AS tenant") == [{"tenant": None}]
    assert as_api.run("SELECT pg_backend_pid() AS pid") == backend


def test_another_tenants_job_cannot_be_cancelled_withdrawn_or_marked_as_enqueued(
    as_api: Postgres, job_id: UUID
) -> None:
    store = PostgresJobStore(as_api)
    assert not store.cancel(job_id, "b").cancelled
    assert not store.mark_enqueued(job_id, "b")
    store.withdraw(job_id, "b")
    view = store.get(job_id, "a")
    assert view is not None
    assert view.status is JobStatus.QUEUED


def test_a_job_cannot_be_created_for_or_moved_to_another_tenant(as_api: Postgres, job_id: UUID) -> None:
    made = (
        "INSERT INTO jobs (id, tenant_id, request_fingerprint, analysis, model_id, input, metadata, config_fingerprint)"
        " SELECT CAST(:id AS uuid), 'b', request_fingerprint, analysis, model_id, input, metadata, config_fingerprint"
        " FROM jobs"
    )
    assert refused(lambda: as_api.run(made, "a", id=str(uuid4()))) == DENIED
    assert refused(lambda: as_api.run("UPDATE jobs SET tenant_id = 'b'", "a")) == DENIED


DENIED_TO_THE_API = (
    "UPDATE jobs SET result = '{}', result_key = 'k', result_bytes = 2, result_sha256 = sha256('')",
    "UPDATE jobs SET attempt = attempt + 1",
    "UPDATE jobs SET error_code = 'internal_error'",
    "UPDATE jobs SET input = '{}'",
    "TRUNCATE jobs",
    "SELECT model_id, reserved_usd FROM model_calls",
    "INSERT INTO model_calls (id) VALUES (gen_random_uuid())",
    "UPDATE model_calls SET cost_usd = 0",
    "DELETE FROM model_calls",
    "UPDATE daily_spend SET usd = 0",
    "INSERT INTO daily_spend VALUES (current_date, 'a', 0)",
    "SELECT * FROM daily_spend",
    "SELECT * FROM admissions",
    "UPDATE admissions SET day_jobs = 0",
    "DELETE FROM admissions",
    "SELECT * FROM model_slots",
    "UPDATE model_health SET failures = 0",
    "SELECT body FROM job_configs",
    "SELECT requested_by, reason FROM redrives",
    "SELECT * FROM erasures",
    "UPDATE jobs SET objects_due_at = NULL",
    "SELECT * FROM dead_letters",
)


def test_the_api_cannot_run(as_api: Postgres, job_id: UUID) -> None:
    assert allowed(as_api, DENIED_TO_THE_API) == []


DENIED_TO_WORKERS = (
    "DELETE FROM redrives",
    "DELETE FROM erasures",
    "UPDATE erasures SET reason = 'forged'",
    "UPDATE dead_letters SET outcome = 'job_unaffected'",
    "DELETE FROM jobs",
    "UPDATE jobs SET input = '{}'",
    "UPDATE jobs SET tenant_id = 'b'",
    "UPDATE model_calls SET tenant_id = 'b'",
    "DELETE FROM model_calls",
    "DELETE FROM daily_spend",
    "DELETE FROM model_slots",
    "UPDATE admissions SET queued_jobs = 0",
    "SELECT lock_admission()",
    "UPDATE job_configs SET body = '{}'",
)


def test_a_worker_cannot_run(as_worker: Postgres, job_id: UUID) -> None:
    assert allowed(as_worker, DENIED_TO_WORKERS) == []


DENIED_TO_BOTH = (
    "SELECT * FROM schema_migrations",
    "DELETE FROM schema_migrations",
    "INSERT INTO job_events (job_id, event, attempt) VALUES (gen_random_uuid(), 'forged', 1)",
    "UPDATE job_events SET event = 'forged'",
    "DELETE FROM job_events",
    "CREATE TABLE another ()",
    "ALTER TABLE jobs DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE jobs DISABLE TRIGGER ALL",
    "DROP POLICY api_own_tenant ON jobs",
)


@pytest.mark.parametrize("role", ["as_api", "as_worker"])
def test_neither_role_can_run(request: pytest.FixtureRequest, job_id: UUID, role: str) -> None:
    assert allowed(request.getfixturevalue(role), DENIED_TO_BOTH) == []


def test_a_claimed_job_cannot_be_deleted(as_api: Postgres, as_worker: Postgres, job_id: UUID) -> None:
    assert isinstance(PostgresJobStore(as_worker).claim(job_id, 60), ClaimedJob)
    assert not PostgresJobStore(as_api).withdraw(job_id, "a")
    assert refused(lambda: as_api.run("DELETE FROM jobs RETURNING id", "a")) == DENIED


def test_the_changes_of_both_roles_are_recorded_by_the_trigger(
    as_api: Postgres, as_worker: Postgres, postgres: Postgres, job_id: UUID
) -> None:
    workers = PostgresJobStore(as_worker)
    claim = workers.claim(job_id, 60)
    assert isinstance(claim, ClaimedJob)
    assert workers.succeed(job_id, claim.attempt, RESULT)
    assert [row["event"] for row in postgres.run("SELECT event FROM job_events ORDER BY id")] == [
        "accepted",
        "claimed",
        "succeeded",
    ]


def test_no_table_is_public_and_each_with_a_tenant_has_row_level_security(postgres: Postgres) -> None:
    """Covers the tables of later migrations too."""
    to_all = "SELECT table_name AS name FROM information_schema.table_privileges WHERE grantee = 'PUBLIC'"
    assert postgres.run(f"{to_all} AND table_schema = 'public'") == []
    without_row_security = (
        "SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
        " WHERE a.attname = 'tenant_id' AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    )
    assert postgres.run(without_row_security) == []
