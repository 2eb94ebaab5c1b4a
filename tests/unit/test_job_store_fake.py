"""The fake job store fulfils the contract of the PostgreSQL store."""

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
