"""The passwords of the database's roles: enabled on deploy, and changed every month while everything runs.

The role's password changes before the secret's label moves. No connection is refused in between: a new one tries the
pending version after the current one was refused (``platform.database_secrets``), and existing ones stay open.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pipeline.platform.credentials import Credentials
from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.observability import log

CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"
"""Labels of a secret's versions."""

PASSWORD_BYTES = 24


class SecretVersions(Protocol):
    """The versions of the secrets."""

    def read(self, secret_arn: str, label: str, version: str | None = None) -> Credentials | None:
        """The credentials of the version with this label; ``None`` if there is no such version, or it is empty."""

    def labels(self, secret_arn: str) -> dict[str, list[str]]:
        """The labels of each version."""

    def add_pending(self, secret_arn: str, version: str, credentials: Credentials) -> None:
        """Fill a version that is to become the current one. A repetition with the same values does nothing."""

    def make_current(self, secret_arn: str, version: str, instead_of: str) -> None:
        """Move the label AWSCURRENT, which the functions read."""


class Logins(Protocol):
    """Logins to the database."""

    def works(self, credentials: Credentials) -> bool:
        """Whether the database accepts them."""

    def change(self, credentials: Credentials, password: str) -> None:
        """Change the role's password, logged in as that role."""


def enable_login(
    secret_arn: str, versions: SecretVersions, logins: Logins, enable: Callable[[Credentials], None]
) -> str | None:
    """Enable the login of a secret's role, as the owner. Returns its name, or ``None`` if its password already works.

    A working password is left alone: the secret may be in the middle of a rotation.
    """
    current = versions.read(secret_arn, CURRENT)
    if current is None:
        raise Unavailable("secret")
    pending = versions.read(secret_arn, PENDING)
    if any(logins.works(known) for known in (current, pending) if known):
        return None
    enable(current)
    return current.username


class Step(StrEnum):
    """The steps that Secrets Manager requests, in this order. Each may be repeated."""

    CREATE = "createSecret"
    SET = "setSecret"
    TEST = "testSecret"
    FINISH = "finishSecret"


@dataclass(frozen=True, slots=True)
class RotatePassword:
    """One step of the rotation of one secret."""

    versions: SecretVersions
    logins: Logins

    def run(self, step: Step, secret_arn: str, version: str) -> None:
        """Run one step. Raises ConfigurationError if the version is not the pending one."""
        labels = self.versions.labels(secret_arn)
        if CURRENT in labels.get(version, []):
            return  # finished before, and requested again
        if PENDING not in labels.get(version, []):
            raise ConfigurationError("the version is not pending: Secrets Manager has abandoned this rotation")
        match step:
            case Step.CREATE:
                self._create(secret_arn, version)
            case Step.SET:
                self._set(secret_arn, version)
            case Step.TEST:
                if not self.logins.works(self._pending(secret_arn, version)):
                    raise ConfigurationError("the database refuses the pending password")
            case Step.FINISH:
                (before,) = (one for one, its in labels.items() if CURRENT in its)
                self.versions.make_current(secret_arn, version, instead_of=before)
        log.info("rotation", step=step.value, version=version)

    def _create(self, secret_arn: str, version: str) -> None:
        if self.versions.read(secret_arn, PENDING, version):
            return
        current = self.versions.read(secret_arn, CURRENT)
        if current is None:
            raise ConfigurationError("the secret has no current version to take the user name from")
        fresh = Credentials(username=current.username, password=secrets.token_hex(PASSWORD_BYTES))
        self.versions.add_pending(secret_arn, version, fresh)

    def _set(self, secret_arn: str, version: str) -> None:
        pending = self._pending(secret_arn, version)
        if self.logins.works(pending):
            return  # set before, and requested again
        for label in (CURRENT, PREVIOUS):
            known = self.versions.read(secret_arn, label)
            if known and known.username == pending.username and self.logins.works(known):
                self.logins.change(known, pending.password)
                return
        raise ConfigurationError("the database refuses every password of the secret: invoke the migrator")

    def _pending(self, secret_arn: str, version: str) -> Credentials:
        pending = self.versions.read(secret_arn, PENDING, version)
        if pending is None:
            raise ConfigurationError("the pending version is empty: createSecret has not run")
        return pending
