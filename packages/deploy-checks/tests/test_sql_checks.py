"""The migrations and statements, asked of PostgreSQL itself: what RDS would refuse is found where its mend goes."""

import shutil
from pathlib import Path

import pytest
from deploy_checks.checks import files_sql
from deploy_checks.finding import Finding
from stack_graph.graph import Rehearsed

ROOT = Path(__file__).parents[2]
STATEMENTS = "functions/pipeline/jobs/adapters/jobs.sql"
REDRIVES = "database/migrations/0004_create_dead_letters.sql"
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


def test_nothing_is_said_of_the_tables_and_statements_as_they_are(tree: Path) -> None:
    assert found(tree) == []


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER SYSTEM SET work_mem = '64MB';",
        "CREATE EXTENSION plpython3u;",
        "CREATE INDEX CONCURRENTLY jobs_by_model ON jobs (model_id);",
        "COMMIT;\nSELECT 1;",
        "COPY jobs TO '/tmp/jobs';",
        "GRANT SELECT ON jobs TO nobody_knows;",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETRUN NEW; END $$;",
    ],
)
def test_a_migration_that_rds_refuses_is_found(tree: Path, sql: str) -> None:
    (tree / NEXT).write_text(f"-- a comment\n{sql}\n", encoding="utf-8")
    (finding,) = found(tree)
    assert (finding.id, finding.severity, finding.file) == ("migration-refused", "high", NEXT)


def test_a_statement_that_does_not_fit_the_tables_is_found_at_its_line(tree: Path) -> None:
    edit(tree, STATEMENTS, "SELECT status, CAST(extract", "SELECT state, CAST(extract")
    (finding,) = found(tree)
    assert (finding.id, finding.file) == ("statement-refused", STATEMENTS)
    line = (tree / STATEMENTS).read_text(encoding="utf-8").splitlines()[finding.line - 1]
    assert "SELECT state" in line


@pytest.mark.parametrize("sql", ["ALTER TABLE jobs RENAME TO work;", "ALTER TABLE jobs DROP COLUMN due_at CASCADE;"])
def test_a_migration_that_takes_away_what_statements_need_is_named(tree: Path, sql: str) -> None:
    (tree / NEXT).write_text(f"{sql}\n", encoding="utf-8")
    assert {(finding.id, finding.file) for finding in found(tree)} == {("statement-refused", NEXT)}


def test_a_column_renamed_where_it_is_made_is_found_there(tree: Path) -> None:
    edit(tree, REDRIVES, "    request_id   text", "    request      text")
    assert {(finding.id, finding.file) for finding in found(tree)} == {("statement-refused", REDRIVES)}


def test_an_extension_that_rds_has_and_this_machine_has_not_is_let_pass(tree: Path) -> None:
    (tree / NEXT).write_text("CREATE EXTENSION pg_trgm;\n", encoding="utf-8")
    assert found(tree) == []
