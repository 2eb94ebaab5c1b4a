"""The job store in PostgreSQL: the contract, and the rules that the database enforces."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import pytest
from pg8000.exceptions import DatabaseError
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.admission import Admission
from pipeline.jobs.domain.job import TRANSITIONS, ClaimedJob, JobStatus
from pipeline.jobs.errors import DailyLimitReached, QueueTooCostly, TooManyQueued
from pipeline.platform.postgres import Postgres, sqlstate
from pipeline.platform.settings import DatabaseSettings

from tests.support.job_store_contract import RESULT, JobStoreContract
from tests.support.jobs import new_job
from tests.support.policy import POLICY

JOB_BYTES = len('{"text": "Größe 💶"}{"ticket": "A-17"}'.encode())


class TestPostgresJobStore(JobStoreContract):
    def test_fifty_concurrent_submits_with_one_key_create_one_job(
        self, database: DatabaseSettings, store: PostgresJobStore
    ) -> None:
        start = threading.Barrier(10)

        def submit(_number: int) -> object:
            own = Postgres(database, lambda: ["unused"], POLICY.database)
            try:
                own.run("SELECT 1 AS one")
                start.wait()
                return [PostgresJobStore(own).submit(new_job(key="k")).id for _ in range(5)]
            finally:
                own.close()

        with ThreadPoolExecutor(10) as pool:
            ids = {job_id for some in pool.map(submit, range(10)) for job_id in some}  # type: ignore[attr-defined]
        assert len(ids) == 1

    @pytest.mark.parametrize(
        "limits",
        [
            Admission(max_queued=7),
            Admission(max_jobs_per_day=7),
            Admission(max_bytes_per_day=7 * JOB_BYTES + 1),
            Admission(max_cost_usd=Decimal("0.01"), daily_usd_per_tenant=Decimal("0.0799")),
            Admission(max_cost_usd=Decimal("0.01"), daily_usd=Decimal("0.07")),
        ],
    )
    def test_concurrent_submits_of_a_new_tenant_are_admitted_up_to_the_limit(
        self, database: DatabaseSettings, store: PostgresJobStore, limits: Admission
    ) -> None:
        start = threading.Barrier(10)

        def submit(_number: int) -> int:
            own = Postgres(database, lambda: ["unused"], POLICY.database)
            admitted = 0
            try:
                own.run("SELECT 1 AS one")
                start.wait()
                for _ in range(5):
                    with suppress(TooManyQueued, QueueTooCostly, DailyLimitReached):
                        PostgresJobStore(own).submit(new_job(), limits)
                        admitted += 1
            finally:
                own.close()
            return admitted

        with ThreadPoolExecutor(10) as pool:
            assert sum(pool.map(submit, range(10))) == 7

    def test_a_new_day_begins_with_nothing_submitted(self, postgres: Postgres, store: PostgresJobStore) -> None:
        one = Admission(max_jobs_per_day=1, max_bytes_per_day=JOB_BYTES)
        store.submit(new_job(), one)
        postgres.run("UPDATE admissions SET day = day - 1")
        store.submit(new_job(), one)
        with pytest.raises(DailyLimitReached):
            store.submit(new_job(), one)

    def test_a_withdrawn_job_of_yesterday_does_not_count_for_today(
        self, postgres: Postgres, store: PostgresJobStore, pass_time: Callable[[float], None]
    ) -> None:
        one = Admission(max_jobs_per_day=1)
        late = new_job()
        store.submit(late, one)
        postgres.run("UPDATE admissions SET day = day - 1")
        pass_time(24 * 3600)
        store.submit(new_job(), one)
        assert store.withdraw(late.id, "a")
        with pytest.raises(DailyLimitReached):
            store.submit(new_job(), one)

    def test_only_one_of_several_workers_claims_a_job(
        self, database: DatabaseSettings, store: PostgresJobStore
    ) -> None:
        job_ids = [self.queued(store) for _ in range(20)]
        start = threading.Barrier(4)

        def work(_number: int) -> int:
            own = Postgres(database, lambda: ["unused"], POLICY.database)
            try:
                own.run("SELECT 1 AS one")
                start.wait()
                mine = PostgresJobStore(own)
                return sum(isinstance(mine.claim(job_id, 60), ClaimedJob) for job_id in job_ids)
            finally:
                own.close()

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(work, range(4))) == len(job_ids)

    def test_every_change_is_recorded_as_an_event(self, postgres: Postgres, store: PostgresJobStore) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        store.release(job_id, 1, "throttled", deferred=True, delay_seconds=0)
        self.claimed(store, job_id)
        store.succeed(job_id, 2, RESULT)
        events = postgres.run("SELECT event, from_status, to_status, attempt, reason FROM job_events ORDER BY id")
        assert [tuple(event.values()) for event in events] == [
            ("accepted", None, "queued", 0, None),
            ("claimed", "queued", "running", 1, None),
            ("released", "running", "queued", 1, "throttled"),
            ("claimed", "queued", "running", 2, None),
            ("succeeded", "running", "succeeded", 2, None),
        ]

    def test_the_events_of_a_withdrawn_job_remain(self, postgres: Postgres, store: PostgresJobStore) -> None:
        job = new_job()
        store.submit(job)
        store.withdraw(job.id, "a")
        events = postgres.run("SELECT event FROM job_events ORDER BY id")
        assert [event["event"] for event in events] == ["accepted", "withdrawn"]

    def test_events_cannot_be_changed(self, postgres: Postgres, store: PostgresJobStore) -> None:
        self.queued(store)
        for statement in ("UPDATE job_events SET attempt = 9", "DELETE FROM job_events", "TRUNCATE job_events"):
            with pytest.raises(DatabaseError, match="append-only"):
                postgres.run(statement)

    def test_the_database_allows_the_documented_transitions_and_no_other(
        self, postgres: Postgres, store: PostgresJobStore
    ) -> None:
        started = "attempt = 1, started_at = now(), enqueued_at = now()"
        fields = (
            "lease_expires_at",
            "finished_at",
            "result_key",
            "result_bytes",
            "result_sha256",
            "error_code",
            "error_message",
        )
        none = {**dict.fromkeys(fields, "NULL"), "error_retryable": "NULL"}
        ended = {**none, "finished_at": "now()"}
        of_status = {
            JobStatus.QUEUED: none,
            JobStatus.RUNNING: {**none, "lease_expires_at": "now()", "attempt": "attempt + 1"},
            JobStatus.SUCCEEDED: {**ended, "result_key": "'k'", "result_bytes": "1", "result_sha256": "sha256('')"},
            JobStatus.FAILED: {**ended, "error_code": "'x'", "error_message": "'x'", "error_retryable": "false"},
            JobStatus.CANCELLED: ended,
        }
        forms = {s: ", ".join(f"{name} = {value}" for name, value in form.items()) for s, form in of_status.items()}
        allowed = set()
        for source in JobStatus:
            for target in JobStatus:
                job_id = self.queued(store)
                postgres.run("ALTER TABLE jobs DISABLE TRIGGER ALL")
                postgres.run(f"UPDATE jobs SET {started} WHERE id = '{job_id}'")
                postgres.run(f"UPDATE jobs SET status = '{source}', {forms[source]} WHERE id = '{job_id}'")
                postgres.run("ALTER TABLE jobs ENABLE TRIGGER ALL")
                change = f"UPDATE jobs SET status = '{target}', {forms[target]} WHERE id = '{job_id}'"
                with suppress(DatabaseError):
                    postgres.run(change)
                    if source is not target or source is JobStatus.RUNNING:
                        allowed.add((source, target))
        assert allowed == set(TRANSITIONS)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE jobs SET result_key = 'other'",
            "UPDATE jobs SET error_code = 'x', error_message = 'x', error_retryable = false",
            "DELETE FROM jobs",
            "UPDATE jobs SET status = 'running', attempt = 2, lease_expires_at = now(), finished_at = NULL",
        ],
    )
    def test_a_final_job_does_not_change(self, postgres: Postgres, store: PostgresJobStore, change: str) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        store.succeed(job_id, 1, RESULT)
        with pytest.raises(DatabaseError) as refused:
            postgres.run(change)
        assert sqlstate(refused.value) == "23514"

    def test_a_claim_is_a_new_attempt_and_a_claimed_job_is_not_deleted(
        self, postgres: Postgres, store: PostgresJobStore
    ) -> None:
        job_id = self.queued(store)
        self.claimed(store, job_id)
        for change in ("UPDATE jobs SET attempt = 3", "DELETE FROM jobs"):
            with pytest.raises(DatabaseError) as refused:
                postgres.run(change)
            assert sqlstate(refused.value) == "23514"

    @pytest.mark.parametrize(
        "broken",
        [
            "started_at = now()",
            "status = 'running', attempt = 1, started_at = now()",
            "lease_expires_at = now()",
            "status = 'succeeded', attempt = 1, started_at = now(), finished_at = now()",
            "status = 'failed', attempt = 1, started_at = now(), finished_at = now()",
            "finished_at = now()",
            "error_code = 'x'",
            "result = '{}'",
            "attempt = 0, deferrals = 1",
            "enqueued_at = created_at - interval '1 s'",
        ],
    )
    def test_an_inconsistent_row_is_refused(self, postgres: Postgres, store: PostgresJobStore, broken: str) -> None:
        self.queued(store)
        with pytest.raises(DatabaseError) as refused:
            postgres.run(f"UPDATE jobs SET {broken}")
        assert sqlstate(refused.value) == "23514"

    def test_jobs_with_one_configuration_share_it(self, postgres: Postgres, store: PostgresJobStore) -> None:
        self.queued(store)
        self.queued(store)
        assert postgres.run("SELECT count(*) AS configs FROM job_configs") == [{"configs": 1}]
