"""The job store in PostgreSQL passes the contract of the API's rights, with the role of the API."""

import pytest
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.platform.postgres import Postgres

from tests.support.jobs import new_job
from tests.support.tenancy_contract import TenancyContract


class TestPostgresJobStore(TenancyContract):
    @pytest.fixture
    def store(self, as_api: Postgres) -> PostgresJobStore:
        return PostgresJobStore(as_api)

    def test_a_change_that_names_no_tenant_finds_no_job(self, store: PostgresJobStore) -> None:
        job = new_job()
        store.submit(job)
        assert not store.mark_enqueued(job.id)
