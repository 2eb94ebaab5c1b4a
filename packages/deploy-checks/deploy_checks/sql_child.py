"""Checks the SQL of a tree in a separate process: creates a database as RDS does, applies the migrations with the
tree's migrator, and has PostgreSQL parse every statement of the code.

Standard input: JSON with the folders ``functions`` and ``migrations``, the manifest's ``statements``, the ``migrator``
module and the master user's ``username``. Standard output: JSON with ``major``, the version of PostgreSQL;
``migration`` and ``statements``, which were refused; and ``untested``, the extensions that RDS has and this machine
does not. Or only ``error``, why the tree's code cannot be loaded.
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

Refusal = dict[str, Any]
Statement = dict[str, Any]
"""A statement of the manifest: ``name``, ``file``, ``line`` and ``text``."""
ADMINISTRATOR = "rdsadmin"
PASSWORD = "of a database that ends with this process"  # noqa: S105
EXTENSION = re.compile(r"\bCREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?\"?([\w-]+)\"?[^;]*;", re.IGNORECASE)
NOT_IN_A_TRANSACTION = b"25P01"
TYPE_NOT_KNOWN = "42P18"
"""SQLSTATE for a parameter whose type is unknown until it has a value: no error of the statement."""


class Examination:
    """One database, and the migrations and statements of the tree that it refuses."""

    def __init__(self, found: list[Statement], migrator: Any, connection: native.Connection, absent: set[str]) -> None:
        self.untested: set[str] = set()
        self.refused: Refusal | None = None
        self._connection = connection
        self._absent = absent
        self._statements = found
        self._migrator = migrator
        self._fits_until: dict[str, int] = {}
        """Number of applied migrations when the statement was last accepted."""
        self._names: list[str] = []
        self._refused_sql = ""

    def run(self, sql: str, /, **parameters: object) -> list[list[object]] | None:
        """The connection that the migrator is given: records the first SQL that is refused."""
        try:
            rows: list[list[object]] | None = self._connection.run(sql, **parameters)
        except DatabaseError:
            self._refused_sql = self._refused_sql or sql
            raise
        return rows

    def migrate(self, folder: Path) -> None:
        """Apply the migrations, up to the first that is refused."""
        try:
            found = self._migrator.read(folder)
        except Exception as exc:  # noqa: BLE001 - any error of the tree's code, such as one about a name
            self.refused = {"file": None, "line": 1, "reason": str(exc)}
            return
        self._names = [migration.name for migration in found]
        for number, migration in enumerate(found):
            found[number] = self._without_absent(migration)
            self._connection.notices.clear()
            try:
                self._migrator.apply(self, found[: number + 1])
            except Exception as exc:  # noqa: BLE001 - as above
                self.refused = self._refusal(exc, migration)
                return
            if any(notice.get(b"C") == NOT_IN_A_TRANSACTION for notice in self._connection.notices):
                ends = re.search(r"(?im)^\s*(COMMIT|ROLLBACK|END|ABORT)\b", migration.sql)
                line = _line(migration.sql, ends.start(1) if ends else 0)
                reason = "it ends the transaction in which it is applied"
                self.refused = {"file": migration.name, "line": line, "reason": reason}
                return
            for statement in self._statements:
                if self.objection(statement) is None:
                    self._fits_until[statement["text"]] = number + 1

    def _without_absent(self, migration: Any) -> Any:
        """The migration without the extensions that RDS has and this machine does not."""
        self.untested |= {name for name in EXTENSION.findall(migration.sql) if name in self._absent}
        sql = EXTENSION.sub(lambda found: "" if found[1] in self._absent else found[0], migration.sql)
        return type(migration)(migration.number, migration.name, sql)

    def _refusal(self, error: Exception, migration: Any) -> Refusal:
        if isinstance(error, DatabaseError) and self._refused_sql == migration.sql:
            position, reason, _ = _details(error)
            return {"file": migration.name, "line": _line(migration.sql, position), "reason": reason}
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename == self._migrator.__file__]
        at = {"module": own[-1].filename, "line": own[-1].lineno} if own else {"line": 1}
        return {"file": migration.name, "reason": _details(error)[1], **at}

    def refused_statements(self) -> list[Refusal]:
        """Statements that the migrated database refuses, with the migration since which it does."""
        refusals = []
        for statement in self._statements:
            if objection := self.objection(statement):
                position, reason = objection
                at = statement["text"].splitlines()[_line(statement["text"], position) - 1].strip()
                fits = self._fits_until.get(statement["text"])
                since = self._names[fits] if fits else None
                place = {"file": statement["file"], "line": statement["line"], "at": at}
                refusals.append({**place, "reason": reason, "since": since})
        return refusals

    def objection(self, statement: Statement) -> tuple[int, str] | None:
        """Position and message of PostgreSQL's error; ``None`` if it accepts the statement."""
        try:
            self._connection.prepare(statement["text"]).close()
        except DatabaseError as exc:
            position, reason, state = _details(exc)
            return None if state == TYPE_NOT_KNOWN else (position, reason)
        return None


def _details(error: Exception) -> tuple[int, str, str]:
    """Position, message and SQLSTATE."""
    fields = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    return int(fields.get("P", 1)) - 1, fields.get("M", f"{type(error).__name__}: {error}"), fields.get("C", "")


def _line(text: str, position: int) -> int:
    return text[:position].count("\n") + 1


async def examined(question: dict[str, Any], migrator: Any) -> dict[str, Any]:
    """Start PostgreSQL, and examine the migrations and the statements."""
    children = Children()
    with tempfile.TemporaryDirectory(prefix="sql-") as temporary:
        database = Database(Path(temporary) / "s", 5432, "pre_deploy", ADMINISTRATOR, PASSWORD)
        try:
            await Postgres(children, database, Path(temporary) / "data", durable=False).start(None)
            return _examined(database, question, migrator)
        finally:
            await children.stop_all(2)


def _examined(database: Database, question: dict[str, Any], migrator: Any) -> dict[str, Any]:
    def connect(user: str) -> native.Connection:
        socket = f"{database.socket_directory}/.s.PGSQL.{database.port}"
        return native.Connection(user, unix_sock=socket, database=database.name, password=PASSWORD)

    administrator, master = connect(ADMINISTRATOR), question["username"]
    administrator.run(MASTER.format(master=f'"{master}"', password=PASSWORD, database=f'"{database.name}"'))
    here = {str(row[0]) for row in administrator.run("SELECT name FROM pg_available_extensions") or []}
    examination = Examination(question["statements"], migrator, connect(master), set(EXTENSIONS) - here)
    examination.migrate(Path(question["migrations"]))
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
        module = importlib.import_module(given["migrator"])
    except Exception as exc:  # noqa: BLE001 - the checked code can fail with any error
        json.dump({"error": f"{type(exc).__name__}: {exc}"}, sys.stdout)
    else:
        json.dump(asyncio.run(examined(given, module)), sys.stdout)
