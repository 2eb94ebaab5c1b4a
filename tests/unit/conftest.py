"""Fixtures that several unit tests use."""

import pytest

from tests.support.api_harness import Harness


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    """The API handler on fakes."""
    harness = Harness()
    harness.install(monkeypatch)
    return harness
