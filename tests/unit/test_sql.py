"""Files of named SQL statements: malformed files are refused, and each statement is used under a name that exists."""

import importlib
import re
from pathlib import Path

import pytest
from pipeline.platform import sql
from pipeline.platform.sql import Statements, all_statements, read_statements

PACKAGE = Path(sql.__file__).parents[1]
FILES = sorted(PACKAGE.rglob("*.sql"))

GOOD = """-- name: first
-- Reads a number.
SELECT 1

-- name: second
-- Reads another number.
-- More of the description.
SELECT 2 -- a comment
"""


def file_with(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "some.sql"
    file.write_text(text)
    return file


def test_statements_are_read_by_name(tmp_path: Path) -> None:
    statements = Statements(file_with(tmp_path, GOOD))
    assert (statements.first, statements.second) == ("SELECT 1", "SELECT 2 -- a comment")
    with pytest.raises(AttributeError, match="no statement named third"):
        statements.third  # noqa: B018 - the access is the test


def test_a_statement_has_its_description_and_its_line(tmp_path: Path) -> None:
    first, second = read_statements(file_with(tmp_path, GOOD))
    assert (first.description, first.line) == ("Reads a number.", 1)
    assert (second.description, second.line) == ("Reads another number.", 5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SELECT 1",
        "-- name: first\nSELECT 1",
        "-- name: First\n-- Reads a number.\nSELECT 1",
        f"SELECT 0;\n{GOOD}",
        f"{GOOD}\n-- name:third\n-- Reads a number.\nSELECT 3",
        f"{GOOD}\n-- name: first\n-- Reads a number.\nSELECT 3",
    ],
    ids=["empty", "no name", "no description", "capital", "text before", "bad header", "name used twice"],
)
def test_a_malformed_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"some\.sql"):
        Statements(file_with(tmp_path, text))


def test_every_statement_of_the_package_is_listed() -> None:
    assert {statement.file for statement in all_statements(PACKAGE)} == set(FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_statement_is_used_and_every_name_exists(file: Path) -> None:
    (reader,) = [
        module for module in file.parent.glob("*.py") if f'"{file.name}"' in module.read_text(encoding="utf-8")
    ]
    used = set(re.findall(r"\bSQL\.(\w+)", reader.read_text(encoding="utf-8")))
    assert used == {statement.name for statement in read_statements(file)}
    module = importlib.import_module(".".join(reader.relative_to(PACKAGE.parent).with_suffix("").parts))
    assert all(getattr(module.SQL, name) for name in used)
