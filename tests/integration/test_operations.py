"""The SQL statements in docs/operate.md run as the role that operators use."""

import re
from pathlib import Path
from uuid import uuid4

import pytest
from pipeline.platform.postgres import Postgres

TEXT = (Path(__file__).parents[2] / "docs/operate.md").read_text(encoding="utf-8")
STATEMENTS = [
    statement.strip()
    for block in re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
    for statement in re.sub(r"--.*", "", block).split(";")
    if statement.strip()
]
PLACEHOLDERS = {"'ID'": f"'{uuid4()}'", "'DAY'": "'2026-11-21'"}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_documented_statement_runs_as_the_worker(postgres: Postgres, statement: str) -> None:
    for placeholder, value in PLACEHOLDERS.items():
        statement = statement.replace(placeholder, value)
    postgres.run("SET ROLE pipeline_worker")
    postgres.run(statement)
