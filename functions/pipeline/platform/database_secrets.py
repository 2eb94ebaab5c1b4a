"""The database's credentials in Secrets Manager: each secret is a JSON object with a user name and a password.

The versions of a secret have labels: AWSCURRENT, AWSPENDING on the next one during a rotation, and AWSPREVIOUS on the
one before.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pydantic import ValidationError

from pipeline.platform.aws import error_code, translate_aws_errors
from pipeline.platform.credentials import Credentials
from pipeline.platform.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_secretsmanager.type_defs import GetSecretValueRequestTypeDef


class DatabasePassword:
    """The passwords to try: the one that worked last, then those of the secret's versions that may be in effect.

    While a secret is rotated the role's password changes before the label AWSCURRENT moves, so the pending version
    comes next; and if the label has moved in between, the current version is read once more.
    """

    def __init__(self, client: "Callable[[], SecretsManagerClient]", secret_arn: str) -> None:
        self._client = client
        self._secret_arn = secret_arn
        self._worked: str | None = None

    def __call__(self) -> Iterator[str]:
        """The passwords, each different from those before it. The last one read is taken for the one that works."""
        refused = set()
        if self._worked is not None:
            refused.add(self._worked)
            yield self._worked
        for label in ("AWSCURRENT", "AWSPENDING", "AWSCURRENT"):
            password = self._read(label)
            if password is not None and password not in refused:
                refused.add(password)
                self._worked = password
                yield password

    def _read(self, label: str) -> str | None:
        found = SecretsManagerVersions(self._client).read(self._secret_arn, label)
        if found is None and label == "AWSCURRENT":
            raise Unavailable("secret")
        return found.password if found else None


class SecretsManagerVersions:
    """Implements ``platform.rotation.SecretVersions``."""

    def __init__(self, client: "Callable[[], SecretsManagerClient]") -> None:
        self._client = client

    def read(self, secret_arn: str, label: str, version: str | None = None) -> Credentials | None:
        exactly: GetSecretValueRequestTypeDef = {"SecretId": secret_arn, "VersionStage": label}
        if version is not None:
            exactly["VersionId"] = version
        with translate_aws_errors("secret"):
            try:
                answer = self._client().get_secret_value(**exactly)
            except ClientError as exc:
                if error_code(exc) != "ResourceNotFoundException":
                    raise
                return None
        try:
            return Credentials.model_validate_json(answer.get("SecretString", ""))
        except ValidationError:
            raise ConfigurationError("the database secret is no JSON object with a user name and password") from None

    def labels(self, secret_arn: str) -> dict[str, list[str]]:
        with translate_aws_errors("secret"):
            return self._client().describe_secret(SecretId=secret_arn).get("VersionIdsToStages", {})

    def add_pending(self, secret_arn: str, version: str, credentials: Credentials) -> None:
        with translate_aws_errors("secret"):
            self._client().put_secret_value(
                SecretId=secret_arn,
                ClientRequestToken=version,
                SecretString=credentials.model_dump_json(),
                VersionStages=["AWSPENDING"],
            )

    def make_current(self, secret_arn: str, version: str, instead_of: str) -> None:
        with translate_aws_errors("secret"):
            self._client().update_secret_version_stage(
                SecretId=secret_arn, VersionStage="AWSCURRENT", MoveToVersionId=version, RemoveFromVersionId=instead_of
            )
