"""Fixtures of the contracts that run on the fake job store."""

from collections.abc import Callable

import pytest

from tests.support.fakes import FakeClock, InMemoryJobStore


class OnFakeStore:
    """A fake store whose clock moves only with ``pass_time``. A base of test classes, before their contract."""

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def store(self, clock: FakeClock) -> InMemoryJobStore:
        return InMemoryJobStore(clock)

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> Callable[[float], None]:
        return clock.forward
