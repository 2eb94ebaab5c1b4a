"""The operator's fakes fulfil the contract of the PostgreSQL adapters."""

from collections.abc import Callable

import pytest

from tests.support.fakes import FakeClock, InMemoryJobStore
from tests.support.operator_contract import OperatorContract
from tests.support.operator_fakes import InMemoryDeadLetterStore, InMemoryFailedJobs


class TestInMemoryOperator(OperatorContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def store(self, clock: FakeClock) -> InMemoryJobStore:
        return InMemoryJobStore(clock)

    @pytest.fixture
    def dead_letters(self, store: InMemoryJobStore, clock: FakeClock) -> InMemoryDeadLetterStore:
        return InMemoryDeadLetterStore(store, clock)

    @pytest.fixture
    def failed(self, store: InMemoryJobStore) -> InMemoryFailedJobs:
        return InMemoryFailedJobs(store)

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> Callable[[float], None]:
        return clock.forward
