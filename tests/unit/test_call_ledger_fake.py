"""The fake call ledger keeps the contract that the one in PostgreSQL keeps."""

import pytest

from tests.support.call_ledger_contract import CallLedgerContract
from tests.support.fakes import FakeClock, InMemoryCallLedger, InMemoryJobStore


class TestInMemoryCallLedger(CallLedgerContract):
    @pytest.fixture
    def store(self) -> InMemoryJobStore:
        return InMemoryJobStore(FakeClock())

    @pytest.fixture
    def ledger(self, store: InMemoryJobStore) -> InMemoryCallLedger:
        return store.ledger
