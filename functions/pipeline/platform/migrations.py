"""Apply the numbered SQL files to the database: each once, in order, one runner at a time."""

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pg8000.exceptions import DatabaseError, InterfaceError

from pipeline.platform.errors import ConfigurationError
from pipeline.platform.postgres import sqlstate

FILE_NAME = re.compile(r"(?P<number>\d{4})_[a-z0-9]+(_[a-z0-9]+)+\.sql")

LOCK = "LOCK TABLE schema_migrations IN SHARE ROW EXCLUSIVE MODE"
"""Excludes a second runner until the end of the transaction. Not an advisory lock: every role can take those, and only
the owner has a right to this table."""

LEDGER = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""

CREATED_MEANWHILE = ("23505", "42P07", "42710")
"""SQLSTATEs of IF NOT EXISTS when another runner creates the table at the same moment."""


class Connection(Protocol):
    """The part of pg8000's native connection that the runner uses."""

    def run(self, sql: str, /, **parameters: object) -> list[list[object]] | None: ...


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def read(folder: Path) -> list[Migration]:
    """The migrations of a folder, in order.

    Raises ConfigurationError if there are none, if a name is not ``NNNN_verb_phrase.sql``, or if a number is missing or
    used twice.
    """
    found = []
    for file in sorted(folder.glob("*.sql")):
        matched = FILE_NAME.fullmatch(file.name)
        if not matched:
            raise ConfigurationError(f"{file.name}: a migration is named NNNN_verb_phrase.sql")
        found.append(Migration(int(matched["number"]), file.name, file.read_text(encoding="utf-8")))
    if not found:
        raise ConfigurationError(f"no migrations in {folder}")
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(found) + 1)):
        raise ConfigurationError(f"the migrations' numbers are {numbers}: they must run from 1 without a gap")
    return found


def apply(connection: Connection, migrations: list[Migration]) -> list[str]:
    """Apply the migrations that the database does not have yet, each in its own transaction. Returns their names.

    Raises ConfigurationError if an applied migration was edited since, or if the database has one that is missing here
    (a newer release was deployed before). Migrations applied before an error stay applied.
    """
    _create_ledger(connection)
    rows = connection.run("SELECT number, name, sha256 FROM schema_migrations ORDER BY number") or []
    applied = {row[0]: (row[1], row[2]) for row in rows}
    _compare(applied, migrations)
    missing = [migration for migration in migrations if migration.number not in applied]
    return [migration.name for migration in missing if _apply_one(connection, migration)]


def _create_ledger(connection: Connection) -> None:
    try:
        connection.run(LEDGER)
    except DatabaseError as exc:
        if sqlstate(exc) not in CREATED_MEANWHILE:
            raise


def _compare(applied: dict[object, tuple[object, object]], migrations: list[Migration]) -> None:
    known = {migration.number: migration for migration in migrations}
    for number, (name, sha256) in applied.items():
        if number not in known:
            raise ConfigurationError(
                f"the database has migration {name}, which this release does not: deploy a newer one"
            )
        if known[number].sha256 != sha256:
            raise ConfigurationError(f"{name} was edited after it was applied: add a new migration instead")


def _apply_one(connection: Connection, migration: Migration) -> bool:
    """Apply a migration, unless another runner did. Returns whether this one did."""
    connection.run("BEGIN")
    try:
        connection.run(LOCK)
        if connection.run("SELECT FROM schema_migrations WHERE number = :number", number=migration.number):
            connection.run("ROLLBACK")
            return False
        connection.run(migration.sql)  # no parameters: the simple protocol, which takes many statements
        connection.run(
            "INSERT INTO schema_migrations (number, name, sha256) VALUES (:number, :name, :sha256)",
            number=migration.number,
            name=migration.name,
            sha256=migration.sha256,
        )
    except BaseException:
        with suppress(InterfaceError, OSError):  # a lost connection has rolled back
            connection.run("ROLLBACK")
        raise
    connection.run("COMMIT")
    return True
