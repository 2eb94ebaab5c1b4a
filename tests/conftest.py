"""For every test: nothing leaves this machine. A test that would call AWS, or anyone else, fails."""

import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("thorough")  # what it means is for a test to say


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of a module together on one xdist worker, unless the module names a larger group.

    Fixtures of a module or a session, such as a running stack, then start once and not once for each worker.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(Path(__file__).parents[1]))))


class LeftTheMachine(AssertionError):
    """A test tried to connect to another machine."""


@pytest.fixture(scope="session", autouse=True)
def _on_this_machine() -> Any:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(("127.", "::1", "localhost")):
            raise LeftTheMachine(f"a test connects to {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield
