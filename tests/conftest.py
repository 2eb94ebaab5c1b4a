"""Settings of all tests. No connection leaves this machine: see the options of pytest-socket in pyproject.toml."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("thorough")  # its tests choose their own settings for it


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module together on one xdist worker, unless the module names a larger group.

    Fixtures of a module or a session, such as a running stack, then start once and not once for each worker.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(Path(__file__).parents[1]))))


@pytest.fixture(scope="session", autouse=True)
def _no_instance_metadata() -> object:
    """boto3 does not look for credentials at the metadata service of EC2."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield
