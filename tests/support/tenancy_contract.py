"""The contract of job stores as the API uses them: a change names the tenant, and affects only its jobs."""

from uuid import uuid4

from pipeline.jobs.ports import JobStore

from tests.support.jobs import new_job


class TenancyContract:
    """Tests of every job store with the rights of the API. A subclass provides the fixture ``store``."""

    def test_a_job_is_withdrawn_until_it_is_enqueued(self, store: JobStore) -> None:
        withdrawn, enqueued = new_job(), new_job()
        store.submit(withdrawn)
        store.submit(enqueued)
        assert store.mark_enqueued(enqueued.id, "a")
        assert store.withdraw(withdrawn.id, "a")
        assert store.withdraw(withdrawn.id, "a")  # a second time, after a lost answer
        assert not store.mark_enqueued(withdrawn.id, "a")
        assert not store.withdraw(enqueued.id, "a")
        assert store.get(withdrawn.id, "a") is None
        assert store.get(enqueued.id, "a") is not None

    def test_another_tenant_changes_nothing(self, store: JobStore) -> None:
        job = new_job(key="k", tenant="a")
        store.submit(job)
        assert not store.mark_enqueued(job.id, "b")
        store.withdraw(job.id, "b")
        assert store.cancel(job.id, "b").job is None
        found = store.find_by_key("a", "k")
        assert found is not None
        assert (found.id, found.enqueued) == (job.id, False)
        assert store.find_by_key("b", "k") is None

    def test_an_unknown_job_counts_as_withdrawn(self, store: JobStore) -> None:
        assert store.withdraw(uuid4(), "a")
        assert not store.mark_enqueued(uuid4(), "a")
