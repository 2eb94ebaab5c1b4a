"""For every test: nothing leaves this machine. A test that would call AWS, or anyone else, fails."""

import socket
from typing import Any

import pytest
from hypothesis import settings

settings.register_profile("thorough")  # what it means is for a test to say


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
