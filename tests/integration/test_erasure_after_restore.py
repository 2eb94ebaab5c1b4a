"""A restored backup has the documents that were erased since: the runbook of docs/operate.md erases them again.

The restore is pg_dump and pg_restore of the embedded PostgreSQL. On RDS it is a new instance from a snapshot or a point
in time; what follows is the same.
"""

import json
import logging
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from pipeline.jobs.adapters.erasures import PostgresErasureStore
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.erasure import ErasureRequest, ErasureSelection
from pipeline.jobs.domain.job import JobResult
from pipeline.jobs.services.erase_job import EraseJob
from pipeline.jobs.services.erase_jobs import EraseJobs
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.fakes import FakeResults
from tests.support.invariants import result_key
from tests.support.jobs import new_job
from tests.support.policy import POLICY
from tests.support.schema_dump import PG_DUMP, migrate

CANARY = "canary-of-a-backup"
REPLAY = ErasureRequest("an operator", "restored from a backup", "request-2")


def succeeded(postgres: Postgres, tenant: str = "a") -> UUID:
    store, job = PostgresJobStore(postgres), new_job(tenant=tenant)
    store.submit(job)
    postgres.run("UPDATE jobs SET input = :text WHERE id = CAST(:id AS uuid)", id=str(job.id), text=json.dumps(CANARY))
    store.mark_enqueued(job.id)
    store.claim(job.id, 60)
    store.succeed(job.id, 1, JobResult.of(result_key(job.id, 1), b"{}"))
    return job.id


def documents(postgres: Postgres) -> set[UUID]:
    """The jobs whose row has the canary."""
    return {row["id"] for row in postgres.run("SELECT id FROM jobs WHERE jobs::text LIKE :it", it=f"%{CANARY}%")}


def tool(name: str, settings: DatabaseSettings, *arguments: str | Path) -> None:
    command: list[str | Path] = [PG_DUMP.with_name(name), "-h", settings.db_host, "-U", settings.db_username]
    subprocess.run([*command, "-d", settings.db_name, *arguments], check=True)


@contextmanager
def connected(settings: DatabaseSettings) -> Iterator[Postgres]:
    postgres = Postgres(settings, lambda: ["unused"], POLICY.database)
    yield postgres
    postgres.close()


def test_erasures_since_the_backup_are_repeated_from_the_log(
    postgres: Postgres,
    database: DatabaseSettings,
    databases: Callable[[str], DatabaseSettings],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(logging.getLogger("pipeline"), "handlers", [caplog.handler])
    caplog.set_level(logging.INFO, "pipeline")
    by_caller, by_operator, kept = succeeded(postgres), succeeded(postgres, "b"), succeeded(postgres)
    backup = tmp_path / "backup"
    tool("pg_dump", database, "--format=custom", "--file", backup)

    EraseJob(PostgresJobStore(postgres)).run(str(by_caller), "a")
    since_backup = EraseJobs(PostgresErasureStore(postgres), POLICY.erasure)
    since_backup.run(ErasureSelection(tenant_id="b"), ErasureRequest("an operator", "the contract ended", "request-1"))
    assert documents(postgres) == {kept}
    # The log is in CloudWatch, which no restore of the database touches.
    log = [line.__dict__["job_id"] for line in caplog.records if line.message == "erased"]

    restored = databases("template0")
    tool("pg_restore", restored, "--exit-on-error", backup)
    with connected(restored) as after:
        assert documents(after) == {by_caller, by_operator, kept}  # the backup has them
        assert migrate(restored) == []
        erasures = PostgresErasureStore(after)
        batch = EraseJobs(erasures, POLICY.erasure).run(ErasureSelection(tuple(map(UUID, log))), REPLAY)
        assert (batch.erased, batch.remaining, batch.not_ended) == (2, 0, 0)
        assert documents(after) == {kept}
        assert {due.job_id for due in erasures.objects_due(0, 9)} == {by_caller, by_operator}
        for due in erasures.objects_due(0, 9):
            FakeResults().delete(due.job_id)  # mostly gone already: S3 was not restored
            erasures.objects_deleted(due, 0)
        assert erasures.objects_due(0, 9) == []


def test_the_retention_needs_no_log(
    postgres: Postgres, database: DatabaseSettings, databases: Callable[[str], DatabaseSettings], tmp_path: Path
) -> None:
    old = succeeded(postgres)
    tool("pg_dump", database, "--format=custom", "--file", tmp_path / "backup")
    restored = databases("template0")
    tool("pg_restore", restored, "--exit-on-error", tmp_path / "backup")
    with connected(restored) as after:
        assert PostgresErasureStore(after).erase_expired(0, 9) == [old]
        assert documents(after) == set()
