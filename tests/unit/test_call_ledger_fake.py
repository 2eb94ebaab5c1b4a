"""The fake call ledger fulfils the contract of the PostgreSQL ledger."""

import pytest

from tests.support.call_ledger_contract import CallLedgerContract, Spent
from tests.support.fake_store import OnFakeStore
from tests.support.fakes import InMemoryCallLedger, InMemoryJobStore


class TestInMemoryCallLedger(OnFakeStore, CallLedgerContract):
    @pytest.fixture
    def ledger(self, store: InMemoryJobStore) -> InMemoryCallLedger:
        return store.ledger

    @pytest.fixture
    def spent(self, store: InMemoryJobStore) -> Spent:
        return store.ledger.spent_today
