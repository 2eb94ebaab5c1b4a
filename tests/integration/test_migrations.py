"""The migrations: each runs once, and schema.sql equals the migrated schema."""

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pipeline.jobs.domain.job import TRANSITIONS
from pipeline.platform import migrations
from pipeline.platform.errors import ConfigurationError
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.policy import POLICY
from tests.support.schema_dump import DATABASE, dump, migrate


def folder_with(tmp_path: Path, **files: str) -> Path:
    for name, sql in files.items():
        (tmp_path / f"{name.removeprefix('n')}.sql").write_text(sql)
    return tmp_path


def test_each_migration_runs_once(empty_database: DatabaseSettings) -> None:
    names = [file.name for file in sorted((DATABASE / "migrations").glob("*.sql"))]
    assert migrate(empty_database) == names
    assert migrate(empty_database) == []


def test_concurrent_runners_apply_each_migration_once(empty_database: DatabaseSettings) -> None:
    start = threading.Barrier(3)

    def runner(_number: int) -> list[str]:
        start.wait()
        return migrate(empty_database)

    with ThreadPoolExecutor(3) as pool:
        applied = [name for names in pool.map(runner, range(3)) for name in names]
    assert sorted(applied) == [file.name for file in sorted((DATABASE / "migrations").glob("*.sql"))]


def test_schema_sql_equals_the_migrated_schema(
    empty_database: DatabaseSettings, databases: Callable[[str], DatabaseSettings]
) -> None:
    migrate(empty_database)
    written = databases("template0")
    connection = Postgres(written, lambda: ["unused"], POLICY.database_migrations).connect()
    connection.run((DATABASE / "schema.sql").read_text())
    connection.close()
    assert dump(written).splitlines() == dump(empty_database).splitlines()


def test_a_failed_migration_is_rolled_back(empty_database: DatabaseSettings, tmp_path: Path) -> None:
    good = "CREATE TABLE one (a int); INSERT INTO one VALUES (1);"
    folder = folder_with(tmp_path, n0001_make_one=good, n0002_make_two="CREATE TABLE two (a int); SELECT 1/0;")
    with pytest.raises(Exception, match="division by zero"):
        migrate(empty_database, folder)
    folder_with(tmp_path, n0002_make_two="CREATE TABLE two (a int)")
    assert migrate(empty_database, folder) == ["0002_make_two.sql"]


def test_an_edited_migration_is_refused(empty_database: DatabaseSettings, tmp_path: Path) -> None:
    migrate(empty_database, folder_with(tmp_path, n0001_make_one="CREATE TABLE one (a int)"))
    with pytest.raises(ConfigurationError, match="edited after it was applied"):
        migrate(empty_database, folder_with(tmp_path, n0001_make_one="CREATE TABLE one (b int)"))


def test_a_database_of_a_newer_release_is_refused(empty_database: DatabaseSettings, tmp_path: Path) -> None:
    migrate(empty_database, folder_with(tmp_path, n0001_make_one="SELECT 1", n0002_make_two="SELECT 1"))
    (tmp_path / "0002_make_two.sql").unlink()
    with pytest.raises(ConfigurationError, match="deploy a newer one"):
        migrate(empty_database, tmp_path)


@pytest.mark.parametrize(
    "files",
    [{}, {"n0002_make_two": ""}, {"n0001_make_one": "", "n0003_make_three": ""}, {"n1_one": ""}, {"n0001_Make": ""}],
    ids=["none", "no first", "gap", "short number", "no phrase"],
)
def test_a_bad_folder_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        migrations.read(folder_with(tmp_path, **files))


def test_the_schema_and_the_domain_list_the_same_transitions() -> None:
    text = (DATABASE / "schema.sql").read_text()
    listed = re.findall(r"^--   (\w+) +-> (\w+) +(.+)$", text, re.MULTILINE)
    assert listed == [(a.value, b.value, cause) for (a, b), cause in TRANSITIONS.items()]


def test_the_trigger_allows_the_transitions_of_the_domain_and_no_others() -> None:
    text = (DATABASE / "schema.sql").read_text()
    allowed = text[text.index("NOT IN (", text.index("OLD.status, NEW.status")) :].split(") THEN")[0]
    assert set(re.findall(r"\('(\w+)', '(\w+)'\)", allowed)) == {(a.value, b.value) for a, b in TRANSITIONS}
