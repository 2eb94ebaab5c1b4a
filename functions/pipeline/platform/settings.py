"""The one reader of the environment. Each part reads the settings that it needs, and no others."""

import os
from typing import Self

from pydantic import Field, ValidationError

from pipeline.platform.errors import ConfigurationError
from pipeline.platform.strict_model import StrictModel

LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}


class EnvironmentSettings(StrictModel):
    """Settings whose field names, in capitals, are the names of environment variables."""

    environment: str
    aws_region: str

    @classmethod
    def read(cls) -> Self:
        """The settings of this process.

        Raises ConfigurationError, which names every variable that is missing or wrong.
        """
        values = {name: os.environ[name.upper()] for name in cls.model_fields if name.upper() in os.environ}
        try:
            return cls.model_validate(values)
        except ValidationError as exc:
            wrong = ", ".join(sorted(str(error["loc"][0]).upper() for error in exc.errors()))
            raise ConfigurationError(f"environment variables missing or wrong: {wrong}") from None


class ServerSettings(EnvironmentSettings):
    """The PostgreSQL server. A host that begins with ``/`` is the folder of a unix socket, as in libpq."""

    db_host: str = Field(min_length=1)
    db_port: int = Field(5432, ge=1, le=65535)
    db_name: str

    @property
    def unix_socket(self) -> str | None:
        """The socket's path, or ``None`` over TCP."""
        return f"{self.db_host}/.s.PGSQL.{self.db_port}" if self.db_host.startswith("/") else None

    @property
    def remote_database(self) -> bool:
        """Whether the connection leaves this machine, and so must be encrypted."""
        return self.unix_socket is None and self.db_host not in LOCAL_HOSTS


class DatabaseSettings(ServerSettings):
    """The database login."""

    db_username: str
    db_password_secret_arn: str


class MigratorSettings(DatabaseSettings):
    """The migrator's settings."""

    api_password_secret_arn: str
    worker_password_secret_arn: str
    api_connections: int = Field(ge=1)
    worker_connections: int = Field(ge=1)
    """Most connections of the workers' role; ``api_connections`` those of the API's."""

    lambda_task_root: str
    """The folder of the artifact: the migrations are in ``database/migrations`` below it."""
