"""The fakes of erasures fulfil the contract of the PostgreSQL adapter."""

import pytest

from tests.support.erasure_contract import ErasureContract
from tests.support.fake_store import OnFakeStore
from tests.support.fakes import FakeClock, InMemoryJobStore
from tests.support.operator_fakes import InMemoryErasureStore, InMemoryFailedJobs


class TestInMemoryErasures(OnFakeStore, ErasureContract):
    @pytest.fixture
    def erasures(self, store: InMemoryJobStore, clock: FakeClock) -> InMemoryErasureStore:
        return InMemoryErasureStore(store, clock)

    @pytest.fixture
    def failed(self, store: InMemoryJobStore) -> InMemoryFailedJobs:
        return InMemoryFailedJobs(store)
