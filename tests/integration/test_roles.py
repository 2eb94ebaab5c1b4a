"""The two database roles: each can run only its own statements, and the API sees only one tenant."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from pg8000.exceptions import DatabaseError
from pipeline.jobs.adapters.dead_letters import PostgresDeadLetterStore
from pipeline.jobs.adapters.erasures import PostgresErasureStore
from pipeline.jobs.adapters.failed_jobs import PostgresFailedJobs
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.job import ClaimedJob, JobStatus
from pipeline.models.postgres_call_ledger import PostgresCallLedger
from pipeline.platform.postgres import Postgres, sqlstate

from tests.integration.test_call_ledger_postgres import TestPostgresCallLedger as LedgerTests
from tests.integration.test_job_store_postgres import TestPostgresJobStore as StoreTests
from tests.integration.test_operator_postgres import TestPostgresOperator as OperatorTests
from tests.support.call_ledger_contract import CallLedgerContract, Spent
from tests.support.erasure_contract import ErasureContract
from tests.support.job_store_contract import RESULT, JobStoreContract
from tests.support.jobs import new_job
from tests.support.operator_contract import OperatorContract
from tests.support.policy import POLICY
from tests.support.spending import spent_today

DENIED = "42501"


class StoreOfBothRoles:
    """A job store that runs the API's operations as the API. Others, and those without a tenant, run as a worker."""

    API = frozenset({"submit", "find_by_key", "withdraw", "get", "list_jobs", "cancel", "erase", "ping"})

    def __init__(self, api: Postgres, worker: Postgres) -> None:
        self._api, self._worker = PostgresJobStore(api), PostgresJobStore(worker)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api if name in self.API else self._worker, name)

    def mark_enqueued(self, job_id: UUID, tenant_id: str | None = None) -> bool:
        return (self._api if tenant_id else self._worker).mark_enqueued(job_id, tenant_id)


@pytest.fixture
def store(as_api: Postgres, as_worker: Postgres) -> Any:
    """The store of the contracts below."""
    return StoreOfBothRoles(as_api, as_worker)


class TestJobStoreAsTheRoles(JobStoreContract):
    """The complete contract of the store, run as the two roles."""

    pass_time = StoreTests.pass_time


class TestCallLedgerAsAWorker(CallLedgerContract):
    pass_time = LedgerTests.pass_time

    @pytest.fixture
    def ledger(self, as_worker: Postgres) -> PostgresCallLedger:
        return PostgresCallLedger(as_worker, POLICY.circuit, POLICY.denials, POLICY.prompt_cache)

    @pytest.fixture
    def spent(self, as_worker: Postgres) -> Spent:
        return lambda tenant: spent_today(as_worker, tenant)


class TestOperatorAsAWorker(OperatorContract):
    pass_time = OperatorTests.pass_time

    @pytest.fixture
    def dead_letters(self, as_worker: Postgres) -> PostgresDeadLetterStore:
        return PostgresDeadLetterStore(as_worker)

    @pytest.fixture
    def failed(self, as_worker: Postgres) -> PostgresFailedJobs:
        return PostgresFailedJobs(as_worker)


class TestErasuresAsTheRoles(ErasureContract):
    pass_time = StoreTests.pass_time

    @pytest.fixture
    def erasures(self, as_worker: Postgres) -> PostgresErasureStore:
        return PostgresErasureStore(as_worker)

    @pytest.fixture
    def failed(self, as_worker: Postgres) -> PostgresFailedJobs:
        return PostgresFailedJobs(as_worker)


@pytest.fixture
def job_id(as_api: Postgres) -> UUID:
    """A job of tenant a."""
    return PostgresJobStore(as_api).submit(new_job(tenant="a")).id


def refused(run: Callable[[], object]) -> str:
    with pytest.raises(DatabaseError) as refusal:
        run()
    return sqlstate(refusal.value)


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


@pytest.mark.parametrize(
    "statement",
    [
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
    ],
)
def test_the_api_cannot_run(as_api: Postgres, job_id: UUID, statement: str) -> None:
    assert refused(lambda: as_api.run(statement, "a")) == DENIED


@pytest.mark.parametrize(
    "statement",
    [
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
    ],
)
def test_a_worker_cannot_run(as_worker: Postgres, job_id: UUID, statement: str) -> None:
    assert refused(lambda: as_worker.run(statement)) == DENIED


@pytest.mark.parametrize("role", ["as_api", "as_worker"])
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM schema_migrations",
        "DELETE FROM schema_migrations",
        "INSERT INTO job_events (job_id, event, attempt) VALUES (gen_random_uuid(), 'forged', 1)",
        "UPDATE job_events SET event = 'forged'",
        "DELETE FROM job_events",
        "CREATE TABLE another ()",
        "ALTER TABLE jobs DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE jobs DISABLE TRIGGER ALL",
        "DROP POLICY api_own_tenant ON jobs",
    ],
)
def test_neither_role_can_run(request: pytest.FixtureRequest, job_id: UUID, role: str, statement: str) -> None:
    as_role: Postgres = request.getfixturevalue(role)
    assert refused(lambda: as_role.run(statement, "a")) == DENIED


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
