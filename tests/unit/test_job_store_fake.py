"""The fake job store keeps the contract of the real one."""

from collections.abc import Callable

import pytest

from tests.support.fakes import FakeClock, InMemoryJobStore
from tests.support.job_store_contract import JobStoreContract


class TestInMemoryJobStore(JobStoreContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def store(self, clock: FakeClock) -> InMemoryJobStore:
        return InMemoryJobStore(clock)

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> Callable[[float], None]:
        return clock.forward
