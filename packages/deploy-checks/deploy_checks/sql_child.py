"""Runs in a process of its own, on the code of the checked tree: makes a database as RDS does, has the tree's own
migrator bring it up to date, and has PostgreSQL parse every statement of the tree's adapters.

Standard input: JSON with the folders ``functions`` and ``migrations``, and the master's ``username``. Standard output:
JSON with ``major``, the version of PostgreSQL, ``migration`` and ``statements``, what was refused, and ``untested``,
the extensions that RDS has and this machine has not; or ``fault``, why the tree's code cannot be loaded.
"""

import asyncio
import importlib
import json
import re
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from local_stack.postgres import Database, Postgres, version
from local_stack.processes import Children
from pg8000 import native
from pg8000.exceptions import DatabaseError

from deploy_checks.rds import EXTENSIONS, MASTER
from deploy_checks.sql_statements import Statement, statements

Refusal = dict[str, Any]
ADMINISTRATOR = "rdsadmin"
PASSWORD = "only for as long as this process lives"  # noqa: S105
EXTENSION = re.compile(r"\bCREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?\"?([\w-]+)\"?[^;]*;", re.IGNORECASE)
NOT_IN_A_TRANSACTION = b"25P01"
TYPE_NOT_KNOWN = "42P18"
"""Of a parameter: it is known once a value is given."""


class Examination:
    """One database, and what of the tree it does not take."""

    def __init__(self, functions: Path, folder: Path, connection: native.Connection, absent: set[str]) -> None:
        self.untested: set[str] = set()
        self.refused: Refusal | None = None
        self._connection = connection
        self._absent = absent
        self._statements = statements(functions)
        self._fits_until: dict[Statement, int] = {}
        """How many migrations had been applied when the statement was accepted last."""
        self._names: list[str] = []
        self._refused_sql = ""
        self._migrate(folder)

    def run(self, sql: str, /, **parameters: object) -> list[list[object]] | None:
        """``migrations.Connection``: remembers what was refused first."""
        try:
            rows: list[list[object]] | None = self._connection.run(sql, **parameters)
        except DatabaseError:
            self._refused_sql = self._refused_sql or sql
            raise
        return rows

    def _migrate(self, folder: Path) -> None:
        """Stops at the first migration that cannot be applied."""
        code = importlib.import_module("pipeline.platform.migrations")
        try:
            found = code.read(folder)
        except Exception as fault:  # noqa: BLE001 - the tree's own words about names and numbers
            self.refused = {"file": None, "line": 1, "told": str(fault)}
            return
        self._names = [migration.name for migration in found]
        for number, migration in enumerate(found):
            found[number] = self._without_absent(migration)
            self._connection.notices.clear()
            try:
                code.apply(self, found[: number + 1])
            except Exception as fault:  # noqa: BLE001 - as above
                self.refused = self._refusal(fault, migration)
                return
            if any(notice.get(b"C") == NOT_IN_A_TRANSACTION for notice in self._connection.notices):
                ends = re.search(r"(?im)^\s*(COMMIT|ROLLBACK|END|ABORT)\b", migration.sql)
                line = _line(migration.sql, ends.start(1) if ends else 0)
                told = "it ends the transaction that it is applied in"
                self.refused = {"file": migration.name, "line": line, "told": told}
                return
            for statement in self._statements:
                if self.objection(statement) is None:
                    self._fits_until[statement] = number + 1

    def _without_absent(self, migration: Any) -> Any:
        """The migration without the extensions that RDS has, and this machine has not."""
        self.untested |= {name for name in EXTENSION.findall(migration.sql) if name in self._absent}
        sql = EXTENSION.sub(lambda found: "" if found[1] in self._absent else found[0], migration.sql)
        return type(migration)(migration.number, migration.name, sql)

    def _refusal(self, fault: Exception, migration: Any) -> Refusal:
        if isinstance(fault, DatabaseError) and self._refused_sql == migration.sql:
            position, told, _ = _words(fault)
            return {"file": migration.name, "line": _line(migration.sql, position), "told": told}
        own = [frame for frame in traceback.extract_tb(fault.__traceback__) if frame.filename.endswith("migrations.py")]
        at = {"module": own[-1].filename, "line": own[-1].lineno} if own else {"line": 1}
        return {"file": migration.name, "told": _words(fault)[1], **at}

    def refused_statements(self) -> list[Refusal]:
        """Those that the migrated database does not take, with the migration that they took it until."""
        refusals = []
        for statement in self._statements:
            if objection := self.objection(statement):
                position, told = objection
                at = statement.text.splitlines()[_line(statement.text, position) - 1].strip()
                fits = self._fits_until.get(statement)
                since = self._names[fits] if fits else None
                place = {"module": statement.module, "line": statement.line, "at": at}
                refusals.append({**place, "told": told, "since": since})
        return refusals

    def objection(self, statement: Statement) -> tuple[int, str] | None:
        """Where PostgreSQL objects, and what to."""
        try:
            self._connection.prepare(statement.text).close()
        except DatabaseError as fault:
            position, told, state = _words(fault)
            return None if state == TYPE_NOT_KNOWN else (position, told)
        return None


def _words(fault: Exception) -> tuple[int, str, str]:
    """Position, message and SQLSTATE."""
    told = fault.args[0] if fault.args and isinstance(fault.args[0], dict) else {}
    return int(told.get("P", 1)) - 1, told.get("M", f"{type(fault).__name__}: {fault}"), told.get("C", "")


def _line(text: str, position: int) -> int:
    return text[:position].count("\n") + 1


async def examined(told: dict[str, str]) -> dict[str, Any]:
    """What became of the migrations and the statements."""
    children = Children()
    with tempfile.TemporaryDirectory(prefix="sql-") as temporary:
        database = Database(Path(temporary) / "s", 5432, "pre_deploy", ADMINISTRATOR, PASSWORD)
        try:
            await Postgres(children, database, Path(temporary) / "data", durable=False).start(None)
            return _examined(database, told)
        finally:
            await children.stop_all(2)


def _examined(database: Database, told: dict[str, str]) -> dict[str, Any]:
    def connect(user: str) -> native.Connection:
        socket = f"{database.socket_directory}/.s.PGSQL.{database.port}"
        return native.Connection(user, unix_sock=socket, database=database.name, password=PASSWORD)

    administrator, master = connect(ADMINISTRATOR), told["username"]
    administrator.run(MASTER.format(master=f'"{master}"', password=PASSWORD, database=f'"{database.name}"'))
    here = {str(row[0]) for row in administrator.run("SELECT name FROM pg_available_extensions") or []}
    examination = Examination(
        Path(told["functions"]), Path(told["migrations"]), connect(master), set(EXTENSIONS) - here
    )
    refused = examination.refused
    return {
        "major": version(),
        "migration": refused,
        "statements": [] if refused else examination.refused_statements(),
        "untested": sorted(examination.untested),
    }


if __name__ == "__main__":
    given = json.load(sys.stdin)
    sys.path.insert(0, given["functions"])
    try:
        for name in ("platform.migrations", "jobs.adapters.job_store"):
            importlib.import_module(f"pipeline.{name}")
    except Exception as fault:  # noqa: BLE001 - whatever is wrong with the checked code
        json.dump({"fault": f"{type(fault).__name__}: {fault}"}, sys.stdout)
    else:
        json.dump(asyncio.run(examined(given)), sys.stdout)
