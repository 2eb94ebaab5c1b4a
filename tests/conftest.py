"""For every test: no connection leaves this machine (pytest-socket, by the options in pyproject.toml)."""

import pytest
from hypothesis import settings

settings.register_profile("thorough")  # each test defines what it means


@pytest.fixture(scope="session", autouse=True)
def _no_instance_metadata() -> object:
    """boto3 does not look for credentials at the metadata service of EC2."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield
