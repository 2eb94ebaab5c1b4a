"""The steps of a password's rotation, and of a deploy's migration, on fakes: each may be repeated, and is logged."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from pipeline.platform import bootstrap, migrations
from pipeline.platform.credentials import Credentials
from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.handlers import migrator, rotator
from pipeline.platform.migrate_database import MigrateDatabase
from pipeline.platform.role_limits import RoleLogin
from pipeline.platform.rotation import RotatePassword, Step, enable_login

from tests.support.log_lines import LogLines
from tests.support.policy import POLICY

FIRST = Credentials(username="pipeline_api", password="first")


@dataclass
class Versions:
    """A secret, and the version that a rotation has begun."""

    values: dict[str, Credentials] = field(default_factory=lambda: {"v1": FIRST})
    stages: dict[str, list[str]] = field(default_factory=lambda: {"v1": ["AWSCURRENT"], "v2": ["AWSPENDING"]})

    def read(self, secret_arn: str, label: str, version: str | None = None) -> Credentials | None:
        assert secret_arn == "arn"
        for name, labels in self.stages.items():
            if label in labels and version in (None, name):
                return self.values.get(name)
        return None

    def labels(self, secret_arn: str) -> dict[str, list[str]]:
        assert secret_arn == "arn"
        return self.stages

    def add_pending(self, secret_arn: str, version: str, credentials: Credentials) -> None:
        assert (secret_arn, self.values.get(version, credentials)) == ("arn", credentials)
        self.values[version] = credentials

    def make_current(self, secret_arn: str, version: str, instead_of: str) -> None:
        assert secret_arn == "arn"
        self.stages = {instead_of: ["AWSPREVIOUS"], version: ["AWSCURRENT"]}


@dataclass
class Logins:
    """The passwords that the database accepts."""

    accepted: dict[str, str] = field(default_factory=lambda: {"pipeline_api": "first"})

    def works(self, credentials: Credentials) -> bool:
        return self.accepted.get(credentials.username) == credentials.password

    def change(self, credentials: Credentials, password: str) -> None:
        assert self.works(credentials)
        self.accepted[credentials.username] = password


class Harness:
    """A rotation on fakes, through the handler."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.versions, self.logins = Versions(), Logins()
        use_case = RotatePassword(self.versions, self.logins)
        monkeypatch.setattr(bootstrap, "rotate_password", lambda: use_case)

    def step(self, name: str, version: str = "v2") -> None:
        rotator.handler({"Step": name, "SecretId": "arn", "ClientRequestToken": version}, None)


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    return Harness(monkeypatch)


@pytest.mark.parametrize("times", [1, 2])
def test_a_rotation_replaces_the_password_and_logs_its_steps(harness: Harness, logged: LogLines, times: int) -> None:
    for name in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        for _ in range(times):
            harness.step(name)
    made = harness.versions.values["v2"]
    assert made.username == FIRST.username
    assert len(made.password) == 48  # 192 random bits
    assert harness.logins.accepted == {"pipeline_api": made.password}
    assert harness.versions.stages == {"v1": ["AWSPREVIOUS"], "v2": ["AWSCURRENT"]}
    steps = [(level, message, fields["step"], fields["version"]) for level, message, fields in logged.lines]
    assert steps[0] == ("INFO", "rotation", "createSecret", "v2")
    assert steps[-1] == ("INFO", "rotation", "finishSecret", "v2")
    assert made.password not in str(logged.lines)


def test_passwords_are_random() -> None:
    made = set()
    for _ in range(3):
        versions = Versions()
        RotatePassword(versions, Logins()).run(Step.CREATE, "arn", "v2")
        made.add(versions.values["v2"].password)
    assert len(made) == 3


def test_a_password_that_was_lost_between_two_steps_is_set_with_the_one_before(harness: Harness) -> None:
    harness.versions.stages = {"v0": ["AWSPREVIOUS"], "v1": ["AWSCURRENT"], "v2": ["AWSPENDING"]}
    harness.versions.values["v0"] = Credentials(username="pipeline_api", password="before")
    harness.logins.accepted["pipeline_api"] = "before"
    harness.step("createSecret")
    harness.step("setSecret")
    assert harness.logins.works(harness.versions.values["v2"])


def test_a_login_of_another_role_does_not_change_this_one(harness: Harness) -> None:
    harness.step("createSecret")
    harness.versions.values["v1"] = Credentials(username="another", password="its own")
    harness.logins.accepted = {"another": "its own", "pipeline_api": "unknown"}
    with pytest.raises(ConfigurationError, match="invoke the migrator"):
        harness.step("setSecret")
    assert harness.logins.accepted["another"] == "its own"


@pytest.mark.parametrize(
    ("step", "reason"), [("setSecret", "createSecret has not run"), ("testSecret", "createSecret has not run")]
)
def test_a_step_without_the_one_before_is_an_error(harness: Harness, logged: LogLines, step: str, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        harness.step(step)
    assert logged.lines == []


def test_a_refused_password_fails_its_test(harness: Harness) -> None:
    harness.step("createSecret")
    with pytest.raises(ConfigurationError, match="refuses the pending password"):
        harness.step("testSecret")


def test_an_abandoned_rotation_is_an_error(harness: Harness) -> None:
    for version in ("v3", "v1"):
        harness.versions.stages["v1"] = ["AWSPREVIOUS"]
        with pytest.raises(ConfigurationError, match="abandoned"):
            harness.step("setSecret", version)


def test_a_secret_without_a_current_version_cannot_be_rotated(harness: Harness) -> None:
    del harness.versions.values["v1"]
    with pytest.raises(ConfigurationError, match="no current version"):
        harness.step("createSecret")


@pytest.mark.parametrize("accepted", ["first", "pending"])
def test_a_working_login_is_left_alone(accepted: str) -> None:
    versions = Versions()
    versions.values["v2"] = Credentials(username="pipeline_api", password="pending")
    enabled: list[Credentials] = []
    assert enable_login("arn", versions, Logins({"pipeline_api": accepted}), enabled.append) is None
    assert enabled == []


def test_a_login_is_enabled_with_the_current_password() -> None:
    enabled: list[Credentials] = []
    assert enable_login("arn", Versions(), Logins({}), enabled.append) == "pipeline_api"
    assert enabled == [FIRST]
    with pytest.raises(Unavailable):
        enable_login("arn", Versions(values={}), Logins({}), enabled.append)


class TestMigrator:
    @pytest.fixture
    def closed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Ends of the owner's connection."""
        ends: list[str] = []
        connection = SimpleNamespace(close=lambda: ends.append("closed"))
        owner = SimpleNamespace(connect=lambda: connection)
        roles = [RoleLogin("arn", 10)]
        use_case = MigrateDatabase(owner, [], Versions(), Logins({}), roles, "jobs", POLICY.database)  # type: ignore[arg-type]
        for limit in ("limit_role", "limit_database"):  # tests/integration/test_role_rights.py sees their effect
            monkeypatch.setattr(f"pipeline.platform.migrate_database.{limit}", lambda *_: None)
        monkeypatch.setattr(bootstrap, "migrate_database", lambda: use_case)
        monkeypatch.setattr(
            "pipeline.platform.migrate_database.set_password",
            lambda given, credentials, option: ends.append(f"{given is connection} {credentials.username} {option}"),
        )
        return ends

    def apply(self, monkeypatch: pytest.MonkeyPatch, outcome: Callable[[], list[str]]) -> None:
        monkeypatch.setattr(migrations, "apply", lambda *_: outcome())

    def test_the_migrations_and_the_logins_are_returned_and_logged(
        self, closed: list[str], monkeypatch: pytest.MonkeyPatch, logged: LogLines
    ) -> None:
        self.apply(monkeypatch, lambda: ["0001_create_jobs.sql"])
        done = migrator.handler({}, None)
        assert done == {"applied": ["0001_create_jobs.sql"], "enabled": ["pipeline_api"]}
        fields = {"migrations": ["0001_create_jobs.sql"], "roles": ["pipeline_api"]}
        assert logged.lines == [("INFO", "migrated", fields)]
        assert closed == ["True pipeline_api LOGIN", "closed"]

    def test_a_failed_migration_fails_the_deploy_and_closes_the_connection(
        self, closed: list[str], monkeypatch: pytest.MonkeyPatch, logged: LogLines
    ) -> None:
        def fail() -> list[str]:
            raise ConfigurationError("edited")

        self.apply(monkeypatch, fail)
        with pytest.raises(ConfigurationError):
            migrator.handler({}, None)
        assert (closed, logged.lines) == (["closed"], [])
