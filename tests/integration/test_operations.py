"""The SQL that docs/operate.md shows runs, as the role that an operator uses."""

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
PLACES = {"'ID'": f"'{uuid4()}'", "'DAY'": "'2026-11-21'"}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_it_runs_as_the_worker(postgres: Postgres, statement: str) -> None:
    for place, value in PLACES.items():
        statement = statement.replace(place, value)
    postgres.run("SET ROLE pipeline_worker")
    postgres.run(statement)
