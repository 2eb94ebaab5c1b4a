"""The passwords of the roles: let in on deploy, changed while everything runs, on Secrets Manager and PostgreSQL."""

import gc
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws
from pg8000 import native
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.platform.credentials import Credentials
from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.logins import PostgresLogins, set_password
from pipeline.platform.postgres import LoginRefused, Passwords, Postgres
from pipeline.platform.rotation import RotatePassword, Step, enable_login
from pipeline.platform.scram import verifier
from pipeline.platform.secrets import DatabasePassword, SecretVersions
from pipeline.platform.settings import DatabaseSettings
from scramp import ScramMechanism

from tests.support.policy import POLICY

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# pg8000 cannot say goodbye to a server that has hung up on it, and leaves that to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROLE = "pipeline_api"
FIRST = Credentials(username=ROLE, password="the first one")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()  # here, where the warning is expected


@pytest.fixture(scope="session")
def guarded(server: Path, migrated: str) -> None:
    """The roles need their passwords from now on; the owner still needs none."""
    rules = server / "pg_hba.conf"
    rules.write_text("local all pipeline_api,pipeline_worker scram-sha-256\n" + rules.read_text())
    admin = native.Connection("postgres", database="postgres", unix_sock=str(server / ".s.PGSQL.5432"))
    admin.run("SELECT pg_reload_conf()")
    read = "SELECT 1 FROM pg_stat_file('pg_hba.conf') WHERE modification <= pg_conf_load_time()"
    while not admin.run(read):
        pass
    admin.close()


@pytest.fixture
def logins(guarded: None, database: DatabaseSettings) -> PostgresLogins:
    return PostgresLogins(database, POLICY.requests)


@pytest.fixture
def owner(postgres: Postgres) -> Iterator[native.Connection]:
    connection = postgres.connect()
    yield connection
    connection.run("ALTER ROLE pipeline_api NOLOGIN PASSWORD NULL")  # roles belong to the server, not to the test
    connection.close()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator["SecretsManagerClient"]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("secretsmanager", region_name="us-east-1")


@pytest.fixture
def arn(aws: "SecretsManagerClient") -> str:
    return aws.create_secret(Name="api", SecretString=FIRST.model_dump_json())["ARN"]


@pytest.fixture
def versions(aws: "SecretsManagerClient") -> SecretVersions:
    return SecretVersions(lambda: aws)


@pytest.fixture
def admitted(owner: native.Connection, arn: str, versions: SecretVersions, logins: PostgresLogins) -> None:
    let_in = admission(owner)
    assert enable_login(arn, versions, logins, let_in) == ROLE


def admission(owner: native.Connection) -> Callable[[Credentials], None]:
    return lambda credentials: set_password(owner, credentials, option="LOGIN")


def current(versions: SecretVersions, arn: str) -> Credentials:
    found = versions.read(arn, "AWSCURRENT")
    assert found is not None
    return found


class DuringARotation(SecretVersions):
    """Secrets Manager begins a rotation with a version that has the label and no value; moto knows no such version."""

    def __init__(self, client: "SecretsManagerClient") -> None:
        super().__init__(lambda: client)
        self.begun = str(uuid4())

    def labels(self, secret_arn: str) -> dict[str, list[str]]:
        return {self.begun: ["AWSPENDING"], **super().labels(secret_arn)}


def test_the_verifier_is_what_others_compute() -> None:
    """``scramp`` is what pg8000 answers the server's challenge with."""
    salt, stored, server, iterations = ScramMechanism("SCRAM-SHA-256").make_auth_info("pencil", iteration_count=4096)
    told = [b64encode(part).decode() for part in (salt, stored, server)]
    assert verifier("pencil", salt) == f"SCRAM-SHA-256${iterations}:{told[0]}${told[1]}:{told[2]}"


def test_a_role_is_let_in_once(
    owner: native.Connection, arn: str, versions: SecretVersions, logins: PostgresLogins
) -> None:
    assert not logins.works(FIRST)
    assert enable_login(arn, versions, logins, admission(owner)) == ROLE
    assert logins.works(FIRST)
    assert not logins.works(Credentials(username=ROLE, password="another"))
    assert enable_login(arn, versions, logins, admission(owner)) is None


def test_no_statement_holds_the_password(owner: native.Connection, admitted: None) -> None:
    ((kept,),) = owner.run("SELECT rolpassword FROM pg_authid WHERE rolname = 'pipeline_api'")
    assert kept.startswith("SCRAM-SHA-256$4096:")
    assert FIRST.password not in kept


def test_a_secret_without_a_value_lets_nobody_in(
    aws: "SecretsManagerClient", owner: native.Connection, versions: SecretVersions, logins: PostgresLogins
) -> None:
    empty = aws.create_secret(Name="empty")["ARN"]
    with pytest.raises(Unavailable):
        enable_login(empty, versions, logins, admission(owner))


@pytest.mark.parametrize("times", [1, 2], ids=["once", "each step twice"])
def test_a_rotation_ends_with_a_new_password(
    aws: "SecretsManagerClient", arn: str, logins: PostgresLogins, admitted: None, times: int
) -> None:
    versions = DuringARotation(aws)
    rotate = RotatePassword(versions, logins)
    for step in Step:
        for _ in range(times):
            rotate.run(step, arn, versions.begun)
    now = current(versions, arn)
    assert now.username == ROLE
    assert logins.works(now)
    assert not logins.works(FIRST)
    assert "AWSCURRENT" in versions.labels(arn)[versions.begun]


def test_a_rotation_that_was_given_up_is_refused(arn: str, versions: SecretVersions, logins: PostgresLogins) -> None:
    with pytest.raises(ConfigurationError, match="not pending"):
        RotatePassword(versions, logins).run(Step.SET, arn, str(uuid4()))


def test_a_password_that_nobody_set_fails_the_test_step(
    aws: "SecretsManagerClient", arn: str, logins: PostgresLogins, admitted: None
) -> None:
    versions = DuringARotation(aws)
    rotate = RotatePassword(versions, logins)
    rotate.run(Step.CREATE, arn, versions.begun)
    with pytest.raises(ConfigurationError, match="refuses"):
        rotate.run(Step.TEST, arn, versions.begun)
    assert current(versions, arn) == FIRST


def test_the_migrator_leaves_a_rotation_under_way_alone(
    aws: "SecretsManagerClient", arn: str, owner: native.Connection, logins: PostgresLogins, admitted: None
) -> None:
    versions = DuringARotation(aws)
    rotate = RotatePassword(versions, logins)
    for step in (Step.CREATE, Step.SET):
        rotate.run(step, arn, versions.begun)
    assert enable_login(arn, versions, logins, admission(owner)) is None
    for step in (Step.TEST, Step.FINISH):
        rotate.run(step, arn, versions.begun)
    assert logins.works(current(versions, arn))


class Hammer(threading.Thread):
    """Reads the store without a pause, on a new connection each time, and knows what went wrong."""

    def __init__(self, database: DatabaseSettings, passwords: Passwords) -> None:
        super().__init__(daemon=True)
        self._as_api = database.model_copy(update={"db_username": ROLE})
        self._passwords = passwords
        self._done = threading.Condition()
        self.calls = 0
        self.fault: Exception | None = None
        self.ends = False

    def run(self) -> None:
        while not self.ends and self.fault is None:
            connection = Postgres(self._as_api, self._passwords, POLICY.requests)
            try:
                PostgresJobStore(connection).find("a", "key")
            except Exception as fault:  # noqa: BLE001 - whatever a caller would have seen
                self.fault = fault
            connection.close()
            with self._done:
                self.calls += 1
                self._done.notify_all()

    def go_on(self) -> None:
        """Returns when it has called a few times more."""
        with self._done:
            wanted = self.calls + 3
            assert self._done.wait_for(lambda: self.calls >= wanted or self.fault, timeout=30)


def test_nobody_is_refused_while_a_password_is_rotated(
    aws: "SecretsManagerClient", arn: str, logins: PostgresLogins, admitted: None, database: DatabaseSettings
) -> None:
    """One caller keeps its reader of the secret, as a warm function does; each new function reads it anew."""
    kept = Hammer(database, DatabasePassword(lambda: aws, arn))
    new = Hammer(database, lambda: DatabasePassword(lambda: aws, arn)())
    open_before = Postgres(
        database.model_copy(update={"db_username": ROLE}), DatabasePassword(lambda: aws, arn), POLICY.requests
    )
    open_before.run("SELECT 1 AS one")
    for hammer in (kept, new):
        hammer.start()
    for _ in range(2):
        versions = DuringARotation(aws)
        rotate = RotatePassword(versions, logins)
        for step in Step:
            rotate.run(step, arn, versions.begun)
            kept.go_on()
            new.go_on()
    for hammer in (kept, new):
        hammer.ends = True
        hammer.join()
        assert hammer.fault is None
    assert open_before.run("SELECT 1 AS one") == [{"one": 1}]
    open_before.close()
    assert not logins.works(FIRST)


def test_a_password_that_is_refused_for_good_is_a_fault(
    aws: "SecretsManagerClient", arn: str, admitted: None, database: DatabaseSettings
) -> None:
    """pg8000 reports the refusal as a broken connection when the server is quick to hang up."""
    aws.put_secret_value(SecretId=arn, SecretString=FIRST.model_copy(update={"password": "wrong"}).model_dump_json())
    as_api = Postgres(
        database.model_copy(update={"db_username": ROLE}), DatabasePassword(lambda: aws, arn), POLICY.requests
    )
    with pytest.raises(LoginRefused):
        as_api.run("SELECT 1 AS one")
