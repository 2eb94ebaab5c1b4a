"""Migrations and statements, run on PostgreSQL: what RDS would refuse is reported at the file to change."""

import shutil
from pathlib import Path

import pytest
from deploy_checks.checks import files_sql
from deploy_checks.finding import Finding
from stack_graph.graph import Graph, Rehearsed

from tests.support.graphs import recorded

ROOT = Path(__file__).parents[3]
STATEMENTS = "functions/pipeline/jobs/adapters/jobs.sql"
DEAD_LETTERS = "database/migrations/0004_create_dead_letters.sql"
NEXT = f"database/migrations/{len(list((ROOT / 'database' / 'migrations').glob('*.sql'))) + 1:04}_change_jobs.sql"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for folder in ("functions", "database"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def found(tree: Path) -> list[Finding]:
    rehearsed = Rehearsed.nothing(tree, "dev")
    return [finding for check in files_sql.CHECKS for finding in check(rehearsed)]


def edit(tree: Path, file: str, old: str, new: str) -> None:
    text = (tree / file).read_text(encoding="utf-8")
    assert old in text
    (tree / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_repository_has_no_findings(tree: Path) -> None:
    assert found(tree) == []


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER SYSTEM SET work_mem = '64MB';",
        "CREATE EXTENSION plpython3u;",
        "CREATE INDEX CONCURRENTLY jobs_by_model ON jobs (model_id);",
        "COMMIT;\nSELECT 1;",
        "COPY jobs TO '/tmp/jobs';",
        "GRANT SELECT ON jobs TO unknown_role;",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETRUN NEW; END $$;",
    ],
)
def test_refused_migration_is_reported(tree: Path, sql: str) -> None:
    (tree / NEXT).write_text(f"-- a comment\n{sql}\n", encoding="utf-8")
    (finding,) = found(tree)
    assert (finding.id, finding.severity, finding.file) == ("migration-refused", "high", NEXT)


def test_refused_statement_is_reported_at_its_line(tree: Path) -> None:
    edit(tree, STATEMENTS, "SELECT status, CAST(extract", "SELECT state, CAST(extract")
    (finding,) = found(tree)
    assert (finding.id, finding.file) == ("statement-refused", STATEMENTS)
    line = (tree / STATEMENTS).read_text(encoding="utf-8").splitlines()[finding.line - 1]
    assert "SELECT state" in line


@pytest.mark.parametrize("sql", ["ALTER TABLE jobs RENAME TO work;", "ALTER TABLE jobs DROP COLUMN due_at CASCADE;"])
def test_migration_that_breaks_statements_is_reported(tree: Path, sql: str) -> None:
    (tree / NEXT).write_text(f"{sql}\n", encoding="utf-8")
    assert {(finding.id, finding.file) for finding in found(tree)} == {("statement-refused", NEXT)}


def test_renamed_column_is_reported_at_its_migration(tree: Path) -> None:
    edit(
        tree,
        DEAD_LETTERS,
        "body_bytes  integer     NOT NULL CHECK (body_bytes",
        "size  integer     NOT NULL CHECK (size",
    )
    assert {(finding.id, finding.file) for finding in found(tree)} == {("statement-refused", DEAD_LETTERS)}


@pytest.mark.parametrize("sql", ["SELECT FORM jobs", "SELECT no_such_function(1)"])
def test_statement_that_does_not_parse_is_reported(tree: Path, sql: str) -> None:
    edit(tree, STATEMENTS, "SELECT status, CAST(extract", f"{sql}; SELECT status, CAST(extract")
    assert {(finding.id, finding.file) for finding in found(tree)} == {("statement-refused", STATEMENTS)}


def test_migrator_without_its_ledger_is_reported(tree: Path) -> None:
    file = "functions/pipeline/platform/migrations.py"
    edit(tree, file, "(number, name, sha256) VALUES (:n", "(version, name, sha256) VALUES (:n")
    assert {(finding.id, finding.file) for finding in found(tree)} == {("migration-refused", file)}


def test_database_of_another_major_version_is_reported(tree: Path) -> None:
    graph = recorded()
    graph["DatabaseInstance"]["engineVersion"] = "16.9"
    [finding] = files_sql.versions_agree(Rehearsed(tree, "dev", Graph(graph.data), ()))
    assert (finding.id, finding.file) == ("postgres-major-differs", "infra/database.ts")


def test_extension_available_only_on_rds_is_accepted(tree: Path) -> None:
    (tree / NEXT).write_text("CREATE EXTENSION pg_trgm;\n", encoding="utf-8")
    assert found(tree) == []
