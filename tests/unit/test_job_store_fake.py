"""The fake job store fulfils the contract of the PostgreSQL store."""

from tests.support.fake_store import OnFakeStore
from tests.support.job_store_contract import JobStoreContract


class TestInMemoryJobStore(OnFakeStore, JobStoreContract):
    """The contract, on the fake."""
