"""The fakes of erasures fulfil the contract of the PostgreSQL adapter."""

from collections.abc import Callable

import pytest

from tests.support.erasure_contract import ErasureContract
from tests.support.fakes import FakeClock, InMemoryJobStore
from tests.support.operator_fakes import InMemoryErasureStore, InMemoryFailedJobs


class TestInMemoryErasures(ErasureContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def store(self, clock: FakeClock) -> InMemoryJobStore:
        return InMemoryJobStore(clock)

    @pytest.fixture
    def erasures(self, store: InMemoryJobStore, clock: FakeClock) -> InMemoryErasureStore:
        return InMemoryErasureStore(store, clock)

    @pytest.fixture
    def failed(self, store: InMemoryJobStore) -> InMemoryFailedJobs:
        return InMemoryFailedJobs(store)

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> Callable[[float], None]:
        return clock.forward
