"""The fake job store passes the contract of the API's rights."""

import pytest

from tests.support.fakes import FakeClock, InMemoryJobStore
from tests.support.tenancy_contract import TenancyContract


class TestInMemoryJobStore(TenancyContract):
    @pytest.fixture
    def store(self) -> InMemoryJobStore:
        return InMemoryJobStore(FakeClock())
