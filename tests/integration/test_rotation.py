"""The passwords of the database roles: enabled by a deploy, and rotated while the functions run."""

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
from pipeline.platform.database_secrets import DatabasePassword, SecretsManagerVersions
from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.logins import PostgresLogins, set_password, verifier
from pipeline.platform.postgres import LoginRefused, Passwords, Postgres
from pipeline.platform.rotation import RotatePassword, Step, enable_login
from pipeline.platform.settings import DatabaseSettings
from scramp import ScramMechanism

from tests.support.policy import POLICY

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# pg8000 leaves a connection that the server has closed to the garbage collector, whose warning is expected.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

ROLE = "pipeline_api"
FIRST = Credentials(username=ROLE, password="the first one")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()  # while the filter of this module ignores the warning


@pytest.fixture(scope="session")
def password_authentication(server: Path, migrated: str) -> None:
    """Require passwords from the two roles. The owner still needs none."""
    rules = server / "pg_hba.conf"
    rules.write_text("local all pipeline_api,pipeline_worker scram-sha-256\n" + rules.read_text())
    admin = native.Connection("postgres", database="postgres", unix_sock=str(server / ".s.PGSQL.5432"))
    admin.run("SELECT pg_reload_conf()")
    read = "SELECT 1 FROM pg_stat_file('pg_hba.conf') WHERE modification <= pg_conf_load_time()"
    while not admin.run(read):
        pass
    admin.close()


@pytest.fixture
def logins(password_authentication: None, database: DatabaseSettings) -> PostgresLogins:
    return PostgresLogins(database, POLICY.database)


@pytest.fixture
def owner(postgres: Postgres) -> Iterator[native.Connection]:
    connection = postgres.connect()
    yield connection
    connection.run("ALTER ROLE pipeline_api NOLOGIN PASSWORD NULL")  # roles are shared by all databases of the server
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
def versions(aws: "SecretsManagerClient") -> SecretsManagerVersions:
    return SecretsManagerVersions(lambda: aws)


@pytest.fixture
def login_enabled(owner: native.Connection, arn: str, versions: SecretsManagerVersions, logins: PostgresLogins) -> None:
    assert enable_login(arn, versions, logins, set_login(owner)) == ROLE


def set_login(owner: native.Connection) -> Callable[[Credentials], None]:
    return lambda credentials: set_password(owner, credentials, option="LOGIN")


def current(versions: SecretsManagerVersions, arn: str) -> Credentials:
    found = versions.read(arn, "AWSCURRENT")
    assert found is not None
    return found


class DuringARotation(SecretsManagerVersions):
    """Adds the version that Secrets Manager creates at the start of a rotation, without a value. moto has none."""

    def __init__(self, client: "SecretsManagerClient") -> None:
        super().__init__(lambda: client)
        self.begun = str(uuid4())

    def labels(self, secret_arn: str) -> dict[str, list[str]]:
        return {self.begun: ["AWSPENDING"], **super().labels(secret_arn)}


def test_the_verifier_equals_the_one_of_scramp() -> None:
    """pg8000 answers the server's challenge with ``scramp``."""
    salt, stored, server, iterations = ScramMechanism("SCRAM-SHA-256").make_auth_info("pencil", iteration_count=4096)
    encoded = [b64encode(part).decode() for part in (salt, stored, server)]
    assert verifier("pencil", salt) == f"SCRAM-SHA-256${iterations}:{encoded[0]}${encoded[1]}:{encoded[2]}"


def test_the_login_of_a_role_is_enabled_once(
    owner: native.Connection, arn: str, versions: SecretsManagerVersions, logins: PostgresLogins
) -> None:
    assert not logins.works(FIRST)
    assert enable_login(arn, versions, logins, set_login(owner)) == ROLE
    assert logins.works(FIRST)
    assert not logins.works(Credentials(username=ROLE, password="another"))
    assert enable_login(arn, versions, logins, set_login(owner)) is None


def test_the_database_stores_only_a_verifier(owner: native.Connection, login_enabled: None) -> None:
    ((kept,),) = owner.run("SELECT rolpassword FROM pg_authid WHERE rolname = 'pipeline_api'")
    assert kept.startswith("SCRAM-SHA-256$4096:")
    assert FIRST.password not in kept


def test_a_secret_without_a_value_enables_no_login(
    aws: "SecretsManagerClient", owner: native.Connection, versions: SecretsManagerVersions, logins: PostgresLogins
) -> None:
    empty = aws.create_secret(Name="empty")["ARN"]
    with pytest.raises(Unavailable):
        enable_login(empty, versions, logins, set_login(owner))


@pytest.mark.parametrize("times", [1, 2], ids=["once", "each step twice"])
def test_a_rotation_ends_with_a_new_password(
    aws: "SecretsManagerClient", arn: str, logins: PostgresLogins, login_enabled: None, times: int
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


def test_a_step_of_an_abandoned_rotation_is_refused(
    arn: str, versions: SecretsManagerVersions, logins: PostgresLogins
) -> None:
    with pytest.raises(ConfigurationError, match="not pending"):
        RotatePassword(versions, logins).run(Step.SET, arn, str(uuid4()))


def test_the_test_step_fails_if_the_password_was_not_set(
    aws: "SecretsManagerClient", arn: str, logins: PostgresLogins, login_enabled: None
) -> None:
    versions = DuringARotation(aws)
    rotate = RotatePassword(versions, logins)
    rotate.run(Step.CREATE, arn, versions.begun)
    with pytest.raises(ConfigurationError, match="refuses"):
        rotate.run(Step.TEST, arn, versions.begun)
    assert current(versions, arn) == FIRST


def test_the_migrator_does_not_disturb_a_rotation_in_progress(
    aws: "SecretsManagerClient", arn: str, owner: native.Connection, logins: PostgresLogins, login_enabled: None
) -> None:
    versions = DuringARotation(aws)
    rotate = RotatePassword(versions, logins)
    for step in (Step.CREATE, Step.SET):
        rotate.run(step, arn, versions.begun)
    assert enable_login(arn, versions, logins, set_login(owner)) is None
    for step in (Step.TEST, Step.FINISH):
        rotate.run(step, arn, versions.begun)
    assert logins.works(current(versions, arn))


class ContinuousReader(threading.Thread):
    """Reads the store continuously, on a new connection each time, and records the first error."""

    def __init__(self, database: DatabaseSettings, passwords: Passwords) -> None:
        super().__init__(daemon=True)
        self._as_api = database.model_copy(update={"db_username": ROLE})
        self._passwords = passwords
        self._done = threading.Condition()
        self.calls = 0
        self.error: Exception | None = None
        self.ends = False

    def run(self) -> None:
        while not self.ends and self.error is None:
            connection = Postgres(self._as_api, self._passwords, POLICY.database)
            try:
                PostgresJobStore(connection).find_by_key("a", "key")
            except Exception as exc:  # noqa: BLE001 - any error that a caller would get
                self.error = exc
            connection.close()
            with self._done:
                self.calls += 1
                self._done.notify_all()

    def go_on(self) -> None:
        """Wait for three more calls, or an error."""
        with self._done:
            target = self.calls + 3
            assert self._done.wait_for(lambda: self.calls >= target or self.error, timeout=30)


def test_no_login_is_refused_during_a_rotation(
    aws: "SecretsManagerClient", arn: str, logins: PostgresLogins, login_enabled: None, database: DatabaseSettings
) -> None:
    """One caller keeps its reader of the secret, like a warm function. The other reads the secret each time."""
    kept = ContinuousReader(database, DatabasePassword(lambda: aws, arn))
    new = ContinuousReader(database, lambda: DatabasePassword(lambda: aws, arn)())
    open_before = Postgres(
        database.model_copy(update={"db_username": ROLE}), DatabasePassword(lambda: aws, arn), POLICY.database
    )
    open_before.run("SELECT 1 AS one")
    for reader in (kept, new):
        reader.start()
    for _ in range(2):
        versions = DuringARotation(aws)
        rotate = RotatePassword(versions, logins)
        for step in Step:
            rotate.run(step, arn, versions.begun)
            kept.go_on()
            new.go_on()
    for reader in (kept, new):
        reader.ends = True
        reader.join()
        assert reader.error is None
    assert open_before.run("SELECT 1 AS one") == [{"one": 1}]
    open_before.close()
    assert not logins.works(FIRST)


def test_a_permanently_refused_password_is_an_error(
    aws: "SecretsManagerClient", arn: str, login_enabled: None, database: DatabaseSettings
) -> None:
    """pg8000 reports the refusal as a broken connection if the server closes it quickly."""
    aws.put_secret_value(SecretId=arn, SecretString=FIRST.model_copy(update={"password": "wrong"}).model_dump_json())
    as_api = Postgres(
        database.model_copy(update={"db_username": ROLE}), DatabasePassword(lambda: aws, arn), POLICY.database
    )
    with pytest.raises(LoginRefused):
        as_api.run("SELECT 1 AS one")
