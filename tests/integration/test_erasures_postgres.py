"""Erasures in PostgreSQL: the contract, and the rules that the database enforces."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from pg8000.exceptions import DatabaseError
from pipeline.jobs.adapters.dead_letters import PostgresDeadLetterStore
from pipeline.jobs.adapters.erasures import PostgresErasureStore
from pipeline.jobs.adapters.failed_jobs import PostgresFailedJobs
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.erasure import ErasureSelection
from pipeline.platform.postgres import Postgres, sqlstate

from tests.support.erasure_contract import DAY_S, REQUEST, ErasureContract
from tests.support.jobs import new_job
from tests.support.operator_contract import EXHAUSTED, dead_letter
from tests.support.policy import POLICY

CONTENT = (
    "input, metadata, idempotency_key, request_fingerprint, config_fingerprint, result, result_key, result_bytes,"
    " result_sha256, error_message"
)


class TestPostgresErasures(ErasureContract):
    @pytest.fixture
    def erasures(self, as_worker: Postgres) -> PostgresErasureStore:
        return PostgresErasureStore(as_worker)

    @pytest.fixture
    def failed(self, as_worker: Postgres) -> PostgresFailedJobs:
        return PostgresFailedJobs(as_worker)

    def test_an_erasure_is_an_event_of_the_job(self, postgres: Postgres, store: PostgresJobStore) -> None:
        job_id = self.succeeded(store)
        store.erase(job_id, "a")
        store.erase(job_id, "a")
        events = postgres.run("SELECT event, from_status, to_status, attempt, reason FROM job_events ORDER BY id")
        assert [event["event"] for event in events] == ["accepted", "claimed", "succeeded", "erased"]
        assert tuple(events[-1].values()) == ("erased", "succeeded", "succeeded", 1, None)

    def test_whatever_erases_a_job_removes_all_content_and_changes_nothing_else(
        self, postgres: Postgres, store: PostgresJobStore
    ) -> None:
        self.succeeded(store, key="k")
        (before,) = postgres.run(f"SELECT to_jsonb(jobs) - '{{{CONTENT.replace(' ', '')}}}'::text[] AS row FROM jobs")
        postgres.run(
            "UPDATE jobs SET erased_at = '3000-01-01', input = '{\"kept\": 1}', status = 'queued', attempt = 7"
        )
        (content,) = postgres.run(f"SELECT {CONTENT} FROM jobs")
        assert set(content.values()) == {None}
        (after,) = postgres.run(f"SELECT to_jsonb(jobs) - '{{{CONTENT.replace(' ', '')}}}'::text[] AS row FROM jobs")
        changed = {name for name, value in after["row"].items() if before["row"][name] != value}
        assert changed == {"erased_at", "objects_due_at"}
        assert postgres.run("SELECT erased_at <= now() AS past FROM jobs") == [{"past": True}]

    @pytest.mark.parametrize(
        "change",
        [
            "input = '{}'",
            "result = '{}', result_key = 'k', result_bytes = 2, result_sha256 = sha256('')",
            "metadata = '{}'",
            "idempotency_key = 'k'",
            "error_code = 'x', error_retryable = true",
            "status = 'queued', finished_at = NULL",
            "erased_at = NULL, objects_due_at = NULL",
            "finished_at = finished_at - interval '1 s'",
        ],
    )
    def test_an_erased_job_does_not_change(self, postgres: Postgres, store: PostgresJobStore, change: str) -> None:
        store.erase(self.succeeded(store), "a")
        with pytest.raises(DatabaseError) as refused:
            postgres.run(f"UPDATE jobs SET {change}")
        assert sqlstate(refused.value) == "23514"

    @pytest.mark.parametrize("state", ["queued", "running"])
    def test_the_database_refuses_to_erase_a_job_that_has_not_ended(
        self, postgres: Postgres, store: PostgresJobStore, state: str
    ) -> None:
        job_id = self.queued(store)
        if state == "running":
            store.claim(job_id, 60)
        with pytest.raises(DatabaseError) as refused:
            postgres.run("UPDATE jobs SET erased_at = now()")
        assert sqlstate(refused.value) == "23514"

    def test_each_batch_of_an_operator_is_recorded(
        self, postgres: Postgres, store: PostgresJobStore, erasures: PostgresErasureStore
    ) -> None:
        job_id, selection = self.succeeded(store), ErasureSelection(tenant_id="a")
        erasures.erase([job_id], selection, REQUEST)
        erasures.erase([job_id], selection, REQUEST)  # erases nothing, so there is nothing to record
        rows = postgres.run("SELECT by_id, tenant_id, jobs, requested_by, reason, request_id FROM erasures")
        assert [tuple(row.values()) for row in rows] == [
            (False, "a", 1, "an operator", "the customer asked", "request-1")
        ]

    def test_dead_letters_and_unused_configurations_end_with_the_retention(
        self, postgres: Postgres, store: PostgresJobStore, erasures: PostgresErasureStore,
        pass_time: Callable[[float], None],
    ) -> None:  # fmt: skip
        records = PostgresDeadLetterStore(postgres)
        used, unused = self.succeeded(store), self.succeeded(store)
        records.record(dead_letter(uuid4(), "old"), 5, EXHAUSTED)
        postgres.run("UPDATE dead_letters SET recorded_at = now() - interval '3 days'")
        records.record(dead_letter(uuid4(), "new"), 5, EXHAUSTED)
        postgres.run("UPDATE job_configs SET created_at = now() - interval '3 days'")
        store.erase(unused, "a")
        erasures.delete_expired_records(2 * DAY_S, 10)
        assert [one.message_id for one in records.list_records(None, 10)] == ["new"]
        assert postgres.run("SELECT count(*) AS configs FROM job_configs") == [{"configs": 1}]  # ``used`` has it too
        store.erase(used, "a")
        erasures.delete_expired_records(2 * DAY_S, 10)
        assert postgres.run("SELECT count(*) AS configs FROM job_configs") == [{"configs": 0}]
        assert store.submit(new_job())

    def test_an_idle_prefix_is_deleted_unless_it_has_lost_writes(
        self, postgres: Postgres, erasures: PostgresErasureStore
    ) -> None:
        first = POLICY.prompt_cache.first_writes
        for number, (writes, age) in enumerate(((first, "2 days"), (first - 0.5, "2 days"), (first, "2 hours"))):
            postgres.run(
                "INSERT INTO prompt_prefixes VALUES (CAST(:id AS uuid), :writes, 3.6, now() - CAST(:age AS interval))",
                id=str(UUID(int=number)),
                writes=writes,
                age=age,
            )
        erasures.delete_expired_records(DAY_S, 10)
        kept = postgres.run("SELECT id FROM prompt_prefixes ORDER BY id")
        assert [row["id"] for row in kept] == [UUID(int=1), UUID(int=2)]

    def test_a_configuration_in_use_is_kept_whatever_the_caller_selects(
        self, postgres: Postgres, store: PostgresJobStore
    ) -> None:
        self.queued(store)
        (deleted,) = postgres.run("SELECT delete_configs(array(SELECT fingerprint FROM job_configs)) AS configs")
        assert deleted == {"configs": 0}
        postgres.run(
            "INSERT INTO dead_letters VALUES ('m', NULL, 'unrecognized', 5, 1, decode(repeat('00', 32), 'hex'))"
        )
        (deleted,) = postgres.run("SELECT delete_dead_letters(now() + interval '1 day', 10) AS deleted")
        assert deleted == {"deleted": 0}  # a young one stays for a day
