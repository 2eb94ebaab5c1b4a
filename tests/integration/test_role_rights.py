"""Everything that the two roles may do beyond their statements, as complete lists: a right that is new fails a test.

``tests/data/role_rights.toml`` has the rights of each role, ``tests/data/volatile_functions.txt`` the functions of
PostgreSQL that may have an effect and that it grants to everyone. On RDS the owner of the database does not own those,
and cannot revoke them, so they are not revoked here either.
"""

import gc
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pg8000 import native
from pg8000.exceptions import DatabaseError
from pipeline.jobs.adapters.erasures import PostgresErasureStore
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.platform.errors import Unavailable
from pipeline.platform.postgres import Postgres, sqlstate
from pipeline.platform.role_limits import limit_database, limit_role
from pipeline.platform.settings import DatabaseSettings

from tests.integration.conftest import ROLES
from tests.support.jobs import new_job
from tests.support.policy import POLICY
from tests.support.role_rights import rights_of, volatile_functions
from tests.support.schema_dump import migrate

DATA = Path(__file__).parents[1] / "data"
RIGHTS = tomllib.loads((DATA / "role_rights.toml").read_text(encoding="utf-8"))
VOLATILE = (DATA / "volatile_functions.txt").read_text(encoding="utf-8").split()
DENIED = "42501"
LOCKS = (
    *("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE"),
    *("EXCLUSIVE", "ACCESS EXCLUSIVE"),
)
# pg8000 leaves the socket of a refused login to the garbage collector, which is called where one is refused.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
Login = Callable[[DatabaseSettings, str], Postgres]


@pytest.fixture(scope="module")
def database(databases: Callable[[str], DatabaseSettings], migrated: str) -> DatabaseSettings:
    """One database for all tests of this module: none of them leaves anything in it."""
    return databases(migrated)


@pytest.fixture
def limited(postgres: Postgres, database: DatabaseSettings) -> Iterator[DatabaseSettings]:
    """A database as a deploy leaves it. The limits of a role belong to the server: other tests get them back."""
    owner = postgres.connect()
    for role in ROLES:
        limit_role(owner, role, 5, POLICY.database)
    limit_database(owner, database.db_name, list(ROLES))
    yield database
    for role in ROLES:
        owner.run(f"ALTER ROLE {role} CONNECTION LIMIT -1")
        owner.run(f"ALTER ROLE {role} RESET ALL")
    owner.close()


@pytest.fixture
def as_role(limited: DatabaseSettings, login: Login) -> Iterator[Callable[[str], Postgres]]:
    """Connects as a role to the database of a deploy."""
    with ExitStack() as opened:

        def connect(role: str) -> Postgres:
            connection = login(limited, role)
            opened.callback(connection.close)
            return connection

        yield connect


def refusal(connection: native.Connection, statement: str) -> str:
    """The SQLSTATE of the refusal; an empty string if the statement is allowed."""
    try:
        connection.run(statement)
    except DatabaseError as exc:
        return sqlstate(exc)
    return ""


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_exactly_the_listed_rights(postgres: Postgres, limited: DatabaseSettings, role: str) -> None:
    assert rights_of(postgres, role) == {**RIGHTS["both"], **RIGHTS[role]}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_can_call_exactly_the_listed_functions_of_postgresql(postgres: Postgres, role: str) -> None:
    assert volatile_functions(postgres, role) == VOLATILE


@pytest.mark.parametrize("role", ROLES)
def test_a_role_locks_tables_against_changes_of_the_schema_only(
    postgres: Postgres, as_role: Callable[[str], Postgres], role: str
) -> None:
    """No mode that a role may take stops the statements of the other: those begin with SHARE UPDATE EXCLUSIVE."""
    connection = as_role(role).connect()
    allowed: dict[str, set[str]] = {}
    tables = postgres.run("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
    for table in (row["relname"] for row in tables):
        for mode in LOCKS:
            connection.run("BEGIN")
            try:
                connection.run(f"LOCK TABLE {table} IN {mode} MODE NOWAIT")
                allowed.setdefault(table, set()).add(mode)
            except DatabaseError as exc:
                assert sqlstate(exc) == DENIED  # noqa: PT017 - of many attempts
            connection.run("ROLLBACK")
    connection.close()
    of_tables = RIGHTS[role]["tables"]
    expected = {name: set(LOCKS[:3] if of.get("INSERT") == "*" else LOCKS[:1]) for name, of in of_tables.items()
                if "*" in (of.get("SELECT"), of.get("INSERT")) and name != "pg_settings"}  # fmt: skip
    assert allowed == expected


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMPORARY TABLE t (a int)",
        "SELECT 1 AS a INTO TEMPORARY t",
        "CREATE TABLE t (a int)",
        "CREATE SCHEMA s",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1",
        "CREATE EXTENSION pg_trgm",
        "CREATE PUBLICATION p FOR ALL TABLES",
        "CREATE ROLE another",
        "CREATE DATABASE another",
        "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION record_job_event()",
        "CREATE INDEX ON jobs (analysis)",
        "REINDEX TABLE jobs",
        "TRUNCATE jobs",
        "DELETE FROM jobs",
        "DELETE FROM dead_letters",
        "DELETE FROM job_configs",
        "COPY jobs TO PROGRAM 'cat'",
        "COPY jobs TO '/tmp/jobs'",
        "COPY job_configs FROM '/etc/passwd'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_ls_dir('.')",
        "SELECT rolpassword FROM pg_authid",
        "SELECT pg_reload_conf()",
        "SELECT pg_stat_reset()",
        "SELECT pg_switch_wal()",
        "SELECT pg_create_physical_replication_slot('s')",
        "SELECT setval('job_events_id_seq', 1)",
        "SELECT record_job_event()",
        "SELECT erase_job_content()",
        "ALTER SYSTEM SET work_mem = '1GB'",
        "SET session_replication_role = replica",
        "SET log_statement = 'all'",
        "SET temp_file_limit = -1",
        "SET ROLE postgres",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER ROLE CURRENT_USER CONNECTION LIMIT 100",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres' AND pid <> pg_backend_pid()",
    ],
)
def test_neither_role_can_run(as_role: Callable[[str], Postgres], role: str, statement: str) -> None:
    connection = as_role(role).connect()
    assert refusal(connection, statement) in (DENIED, "0LP01", "22023", "0A000")
    connection.close()


NOT_PREVENTED = {
    "SET statement_timeout = 0": "a role may always change its own timeouts; the number of its connections is bounded",
    "SET transaction_timeout = 0": "the same",
    "ALTER ROLE CURRENT_USER SET statement_timeout = 0": "the next deploy sets it again",
    "SELECT lo_create(0)": "granted to everyone by PostgreSQL; storage is bounded, an alarm watches it",
    "SELECT FROM pg_advisory_lock(7203514001)": "granted to everyone; the product takes no advisory lock",
    "SELECT pg_sleep(0)": "granted to everyone; it holds a connection, of which each role has a number",
    "SELECT pg_notify('c', '')": "granted to everyone; the product does not listen",
    "SELECT pg_logical_emit_message(false, 'p', 'x')": "granted to everyone; it writes to the WAL",
    "DO $$ BEGIN NULL; END $$": "the language is granted to everyone; the code has the role's rights",
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = 0": "only sessions of the same role",
}
"""Statements that cannot be revoked on RDS, with what bounds them. docs/security-model.md explains them."""


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("statement", NOT_PREVENTED)
def test_what_cannot_be_prevented_is_known(as_role: Callable[[str], Postgres], role: str, statement: str) -> None:
    connection = as_role(role).connect()
    connection.run("BEGIN")
    assert refusal(connection, statement) == ""
    connection.run("ROLLBACK")
    connection.close()


def test_no_statement_of_the_product_takes_an_advisory_lock() -> None:
    root = Path(__file__).parents[2]
    files = [*root.glob("functions/**/*.sql"), *root.glob("functions/**/*.py"), *root.glob("database/**/*.sql")]
    assert root / "functions/pipeline/models/call_ledger.sql" in files
    assert [str(file) for file in files if "pg_advisory" in file.read_text(encoding="utf-8")] == []


def test_an_advisory_lock_of_a_role_does_not_stop_the_migrator(
    as_role: Callable[[str], Postgres], limited: DatabaseSettings
) -> None:
    as_role("pipeline_api").run("SELECT FROM pg_advisory_lock(7203514001)")
    assert migrate(limited) == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_a_number_of_connections_and_leaves_the_others_theirs(
    as_role: Callable[[str], Postgres], role: str
) -> None:
    for _ in range(5):
        as_role(role).run("SELECT 1 AS one")
    with pytest.raises(Unavailable):  # the API answers 503, a worker's message is delivered again
        as_role(role).run("SELECT 1 AS one")
    gc.collect()  # here, not in a later test that takes the warning about the refused login's socket for an error
    (other,) = set(ROLES) - {role}
    assert as_role(other).run("SELECT 1 AS one") == [{"one": 1}]


def test_a_session_of_any_client_has_the_timeouts_of_its_role(
    limited: DatabaseSettings, server: Path, as_role: Callable[[str], Postgres]
) -> None:
    as_role("pipeline_api")  # sets the password
    socket = str(server / ".s.PGSQL.5432")
    connection = native.Connection("pipeline_api", database=limited.db_name, unix_sock=socket, password="x")
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "transaction_timeout")
    assert [connection.run(f"SHOW {name}")[0][0] for name in names] == ["3s", "2s", "10s", "15s"]
    connection.close()


def test_everything_works_for_an_owner_that_is_no_superuser(
    server: Path, empty_database: DatabaseSettings, login: Login
) -> None:
    """As on RDS: row level security applies to the owner, and functions that run as the owner must do without more."""
    admin = native.Connection("postgres", database="postgres", unix_sock=str(server / ".s.PGSQL.5432"))
    admin.run("CREATE ROLE master LOGIN CREATEDB CREATEROLE")
    admin.run("GRANT pipeline_api, pipeline_worker TO master WITH ADMIN OPTION")
    admin.run(f"ALTER DATABASE {empty_database.db_name} OWNER TO master")
    as_master = empty_database.model_copy(update={"db_username": "master"})
    migrate(as_master)
    owner = Postgres(as_master, lambda: ["unused"], POLICY.database).connect()
    for role in ROLES:
        limit_role(owner, role, -1, POLICY.database)
    limit_database(owner, empty_database.db_name, list(ROLES))
    owner.close()
    api, worker = (login(empty_database, role) for role in ROLES)
    store, workers = PostgresJobStore(api), PostgresJobStore(worker)
    gone, kept, other = new_job(), new_job(), new_job(tenant="b")
    for job in (gone, kept, other):
        store.submit(job)
    assert store.withdraw(gone.id, "a")
    assert not store.withdraw(other.id, "a") or store.get(other.id, "b")
    assert store.get(other.id, "b")
    workers.mark_enqueued(kept.id)
    assert not store.withdraw(kept.id, "a")
    store.cancel(kept.id, "a")
    erased = store.erase(kept.id, "a")
    assert erased is not None
    assert erased.erased_at
    PostgresErasureStore(worker).delete_expired_records(0, 10)
    for connection in (api, worker):
        connection.close()
    admin.run(f"ALTER ROLE {ROLES[0]} RESET ALL")
    admin.run(f"ALTER ROLE {ROLES[1]} RESET ALL")
    admin.close()
