"""The environment of functions that serve the API."""

from typing import Literal

from pipeline.platform.settings import EnvironmentSettings


class AuthorizationSettings(EnvironmentSettings):
    """How the stage's API authorizes its callers."""

    api_authorization: Literal["open", "iam", "jwt"]
