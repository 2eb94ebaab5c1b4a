"""Migrations do not block a table that is in use: squawk's rules, with the exceptions of ``database/.squawk.toml``."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.schema_dump import DATABASE

MIGRATIONS = sorted((DATABASE / "migrations").glob("*.sql"))


def findings(*files: Path) -> list[dict[str, Any]]:
    command: list[str | Path] = ["squawk", "--config", DATABASE / ".squawk.toml", "--reporter", "json", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_no_migration_has_a_lock_hazard() -> None:
    assert MIGRATIONS
    assert findings(*MIGRATIONS) == []


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("ALTER TABLE jobs ADD COLUMN note text NOT NULL;", "adding-required-field"),
        ("CREATE INDEX jobs_of_model ON jobs (model_id);", "require-concurrent-index-creation"),
        ("ALTER TABLE jobs ALTER COLUMN attempt TYPE bigint;", "changing-column-type"),
    ],
)
def test_a_later_migration_with_a_lock_hazard_is_found(tmp_path: Path, statement: str, rule: str) -> None:
    migration = tmp_path / "0005_change_jobs.sql"
    migration.write_text(statement)
    assert rule in [finding["rule_name"] for finding in findings(migration)]
