"""Dead letters and redrives in PostgreSQL: the contract, and the rules that the database enforces."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from pipeline.jobs.adapters.dead_letters import PostgresDeadLetterStore
from pipeline.jobs.adapters.failed_jobs import PostgresFailedJobs
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.redrive import RedriveOutcome
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.operator_contract import EXHAUSTED, REQUEST, OperatorContract, dead_letter
from tests.support.policy import POLICY


class TestPostgresOperator(OperatorContract):
    @pytest.fixture
    def dead_letters(self, as_worker: Postgres) -> PostgresDeadLetterStore:
        return PostgresDeadLetterStore(as_worker)

    @pytest.fixture
    def failed(self, as_worker: Postgres) -> PostgresFailedJobs:
        return PostgresFailedJobs(as_worker)

    def test_the_failure_by_a_dead_letter_is_an_event_of_the_job(
        self, postgres: Postgres, store: PostgresJobStore, dead_letters: PostgresDeadLetterStore
    ) -> None:
        job_id = self.queued(store)
        dead_letters.record(dead_letter(job_id), 5, EXHAUSTED)
        events = postgres.run("SELECT event, from_status, to_status, attempt, reason FROM job_events ORDER BY id")
        assert tuple(events[-1].values()) == ("failed", "queued", "failed", 0, "attempts_exhausted")

    def test_each_redrive_is_recorded_with_its_requester_and_reason(
        self, postgres: Postgres, store: PostgresJobStore, failed: PostgresFailedJobs
    ) -> None:
        job_id, new_id = self.failed_job(store), uuid4()
        failed.redrive(job_id, new_id, REQUEST)
        rows = postgres.run("SELECT job_id, redrive_of, tenant_id, requested_by, reason, request_id FROM redrives")
        assert [tuple(row.values()) for row in rows] == [
            (new_id, job_id, "a", "an operator", "the model is back", "request-1")
        ]

    def test_concurrent_redrives_create_one_job(
        self, database: DatabaseSettings, postgres: Postgres, store: PostgresJobStore
    ) -> None:
        job_ids = [self.failed_job(store) for _ in range(10)]
        start = threading.Barrier(4)

        def operate(_number: int) -> int:
            own = Postgres(database, lambda: ["unused"], POLICY.database)
            try:
                own.run("SELECT 1 AS one")
                start.wait()
                mine = PostgresFailedJobs(own)
                return sum(
                    mine.redrive(job_id, uuid4(), REQUEST).outcome is RedriveOutcome.REDRIVEN for job_id in job_ids
                )
            finally:
                own.close()

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(operate, range(4))) == len(job_ids)
        (row,) = postgres.run("SELECT count(*) AS jobs FROM jobs")
        assert row["jobs"] == 2 * len(job_ids)
