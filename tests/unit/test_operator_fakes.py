"""The operator's fakes fulfil the contract of the PostgreSQL adapters."""

import pytest

from tests.support.fake_store import OnFakeStore
from tests.support.fakes import FakeClock, InMemoryJobStore
from tests.support.operator_contract import OperatorContract
from tests.support.operator_fakes import InMemoryDeadLetterStore, InMemoryFailedJobs


class TestInMemoryOperator(OnFakeStore, OperatorContract):
    @pytest.fixture
    def dead_letters(self, store: InMemoryJobStore, clock: FakeClock) -> InMemoryDeadLetterStore:
        return InMemoryDeadLetterStore(store, clock)

    @pytest.fixture
    def failed(self, store: InMemoryJobStore) -> InMemoryFailedJobs:
        return InMemoryFailedJobs(store)
