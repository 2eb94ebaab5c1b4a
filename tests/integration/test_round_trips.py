"""Round trips to PostgreSQL, counted at the socket, and the tenant that is set in the same one."""

from uuid import uuid4

import pytest
from pg8000 import core
from pg8000.exceptions import DatabaseError
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.admission import Admission
from pipeline.jobs.domain.job import JobStatus
from pipeline.jobs.domain.listing import JobFilter
from pipeline.platform.postgres import Postgres

from tests.support.jobs import new_job


class RoundTrips:
    """Counts the flushes of the driver: it writes to a buffer, and flushes before it waits for the server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        flush = core._flush

        def counted(sock: object) -> None:
            self.count += 1
            flush(sock)

        monkeypatch.setattr(core, "_flush", counted)

    def of(self, work: object) -> int:
        before = self.count
        work()  # type: ignore[operator]
        return self.count - before


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> RoundTrips:
    return RoundTrips(monkeypatch)


@pytest.fixture
def store(as_api: Postgres) -> PostgresJobStore:
    """As the API's role, with every statement prepared: that costs each a round trip, once a connection."""
    store = PostgresJobStore(as_api)
    job = new_job(key="first")
    store.record(job)
    store.mark_enqueued(job.id, "a")
    store.find("a", "first")
    store.get(job.id, "a")
    store.page("a", JobFilter())
    store.page("a", JobFilter(status=JobStatus.QUEUED))
    store.cancel(job.id, "a")
    return store


@pytest.mark.parametrize("key", [None, "a-key"])
@pytest.mark.parametrize("limits", [Admission(), Admission(max_queued=100)])
def test_a_submit_takes_two(store: PostgresJobStore, trips: RoundTrips, key: str | None, limits: Admission) -> None:
    job = new_job(key=key)
    assert trips.of(lambda: store.record(job, limits)) == 1
    assert trips.of(lambda: store.mark_enqueued(job.id, "a")) == 1


def test_a_repeated_key_takes_one(store: PostgresJobStore, trips: RoundTrips) -> None:
    assert trips.of(lambda: store.record(new_job(key="first"))) == 1


def test_a_poll_a_list_and_a_cancel_take_one_each(store: PostgresJobStore, trips: RoundTrips) -> None:
    job = new_job()
    store.record(job)
    assert trips.of(lambda: store.get(job.id, "a")) == 1
    assert trips.of(lambda: store.page("a", JobFilter())) == 1
    assert trips.of(lambda: store.page("a", JobFilter(status=JobStatus.QUEUED))) == 1
    assert trips.of(lambda: store.cancel(job.id, "a")) == 1
    assert trips.of(lambda: store.cancel(job.id, "a")) == 1
    assert trips.of(lambda: store.get(uuid4(), "a")) == 1


def tenant_of(postgres: Postgres) -> str | None:
    (row,) = postgres.run("SELECT nullif(current_setting('app.tenant', true), '') AS tenant")
    return row["tenant"] and str(row["tenant"])


def test_the_tenant_ends_with_its_statement(as_api: Postgres) -> None:
    assert as_api.run("SELECT request_tenant() AS tenant", "a") == [{"tenant": "a"}]
    assert tenant_of(as_api) is None
    assert as_api.run("SELECT id FROM jobs") == []


def test_the_tenant_ends_with_a_statement_that_fails(as_api: Postgres) -> None:
    with pytest.raises(DatabaseError, match="division by zero"):
        as_api.run("SELECT 1 / CAST(length(request_tenant()) - 1 AS integer) AS x", "a")
    assert tenant_of(as_api) is None
    assert as_api.run("SELECT request_tenant() AS tenant", "b") == [{"tenant": "b"}]


def test_a_statement_that_fails_leaves_nothing_behind(as_api: Postgres) -> None:
    store = PostgresJobStore(as_api)
    job = new_job()
    store.record(job)
    with pytest.raises(DatabaseError):
        as_api.run("UPDATE jobs SET status = 'running' RETURNING id", "a")
    view = store.get(job.id, "a")
    assert view is not None
    assert view.status is JobStatus.QUEUED


def test_a_value_that_cannot_be_sent_does_not_leave_its_tenant_to_the_next_statement(as_api: Postgres) -> None:
    with pytest.raises(UnicodeEncodeError):
        as_api.run("SELECT CAST(:text AS text) AS text", "a", text="\ud800")
    assert tenant_of(as_api) is None
    assert as_api.run("SELECT request_tenant() AS tenant", "b") == [{"tenant": "b"}]


def test_a_hostile_tenant_is_a_value(as_api: Postgres) -> None:
    hostile = "a', false); SELECT set_config('app.tenant', 'b"
    assert as_api.run("SELECT request_tenant() AS tenant", hostile) == [{"tenant": hostile}]
