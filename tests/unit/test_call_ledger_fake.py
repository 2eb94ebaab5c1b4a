"""The fake call ledger fulfils the contract of the PostgreSQL ledger."""

import pytest

from tests.support.call_ledger_contract import CallLedgerContract, Elapse, Spent
from tests.support.fakes import FakeClock, InMemoryCallLedger, InMemoryJobStore


class TestInMemoryCallLedger(CallLedgerContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def store(self, clock: FakeClock) -> InMemoryJobStore:
        return InMemoryJobStore(clock)

    @pytest.fixture
    def pass_time(self, clock: FakeClock) -> Elapse:
        return clock.forward

    @pytest.fixture
    def ledger(self, store: InMemoryJobStore) -> InMemoryCallLedger:
        return store.ledger

    @pytest.fixture
    def spent(self, store: InMemoryJobStore) -> Spent:
        return store.ledger.spent_today
