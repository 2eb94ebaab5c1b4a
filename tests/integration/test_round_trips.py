"""Round trips to PostgreSQL, counted at the socket. The tenant is set in the round trip of its statement."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from pg8000 import core
from pg8000.exceptions import DatabaseError
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.admission import Admission
from pipeline.jobs.domain.job import JobStatus
from pipeline.jobs.domain.listing import JobFilter
from pipeline.jobs.domain.request import AnalyzeRequest
from pipeline.jobs.errors import KeyReused
from pipeline.jobs.services.cancel_job import CancelJob
from pipeline.jobs.services.get_job import GetJob
from pipeline.jobs.services.list_jobs import ListJobs
from pipeline.jobs.services.submit_job import SubmitJob
from pipeline.models.postgres_call_ledger import PostgresCallLedger
from pipeline.models.stage_config import Limits, StageConfig
from pipeline.platform.errors import InvalidRequest
from pipeline.platform.postgres import Postgres

from tests.support.call_ledger_contract import ANSWERED, PREFIX, planned
from tests.support.fakes import FakeQueue, FakeResults, FixedConfiguration
from tests.support.job_store_contract import RESULT
from tests.support.jobs import ANALYSES, new_job
from tests.support.policy import POLICY

LIMITS = {"limits": {"queued_jobs_per_tenant": 100, "daily_usd": 100, "daily_usd_per_tenant": 50}}


class RoundTrips:
    """Counts the flushes of the driver: it writes to a buffer, and flushes before it waits for the server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        flush = core._flush

        def counted(sock: object) -> None:
            self.count += 1
            flush(sock)

        monkeypatch.setattr(core, "_flush", counted)

    def of(self, work: Callable[[], object]) -> int:
        before = self.count
        work()
        return self.count - before


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> RoundTrips:
    return RoundTrips(monkeypatch)


@pytest.fixture
def store(as_api: Postgres) -> PostgresJobStore:
    """A store of the API's role, with every statement prepared. Preparing a statement takes one more round trip."""
    store = PostgresJobStore(as_api)
    job = new_job(key="first")
    store.submit(job)
    store.mark_enqueued(job.id, "a")
    store.find_by_key("a", "first")
    store.get(job.id, "a")
    store.list_jobs("a", JobFilter())
    store.list_jobs("a", JobFilter(status=JobStatus.QUEUED))
    store.cancel(job.id, "a")
    return store


@pytest.mark.parametrize("key", [None, "a-key"])
@pytest.mark.parametrize("limits", [Admission(), Admission(max_queued=100)])
def test_a_submit_takes_two_round_trips(
    store: PostgresJobStore, trips: RoundTrips, key: str | None, limits: Admission
) -> None:
    job = new_job(key=key)
    assert trips.of(lambda: store.submit(job, limits)) == 1
    assert trips.of(lambda: store.mark_enqueued(job.id, "a")) == 1


def test_a_repeated_key_takes_one_round_trip(store: PostgresJobStore, trips: RoundTrips) -> None:
    assert trips.of(lambda: store.submit(new_job(key="first"))) == 1


def test_a_poll_a_list_and_a_cancel_take_one_round_trip_each(store: PostgresJobStore, trips: RoundTrips) -> None:
    job = new_job()
    store.submit(job)
    assert trips.of(lambda: store.get(job.id, "a")) == 1
    assert trips.of(lambda: store.list_jobs("a", JobFilter())) == 1
    assert trips.of(lambda: store.list_jobs("a", JobFilter(status=JobStatus.QUEUED))) == 1
    assert trips.of(lambda: store.cancel(job.id, "a")) == 1
    assert trips.of(lambda: store.cancel(job.id, "a")) == 1
    assert trips.of(lambda: store.get(uuid4(), "a")) == 1


class ApiRequests:
    """The use cases behind the API's routes, with the real store and no other real dependency."""

    def __init__(self, store: PostgresJobStore) -> None:
        configuration = FixedConfiguration(StageConfig.model_validate(LIMITS))
        self._submit = SubmitJob(store, FakeQueue(), configuration, ANALYSES)
        self.get_job = GetJob(store, FakeResults())
        self.list_jobs, self.cancel_job = ListJobs(store), CancelJob(store)

    def submit(self, key: str | None = None, **changes: Any) -> UUID:
        request = AnalyzeRequest.model_validate({"analysis": "mood", "input": {"text": "fine"}, **changes})
        return self._submit.run(request, "a", key).id


def refused(error: type[Exception], work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        with pytest.raises(error):
            work()

    return run


def test_each_request_of_the_api_takes_the_expected_round_trips(store: PostgresJobStore, trips: RoundTrips) -> None:
    api = ApiRequests(store)
    job_id = str(api.submit("k"))
    assert trips.of(api.submit) == 2
    assert trips.of(lambda: api.submit("another")) == 2
    assert trips.of(lambda: api.submit("k")) == 1
    assert trips.of(refused(KeyReused, lambda: api.submit("k", input={"text": "other"}))) == 1
    assert trips.of(refused(InvalidRequest, lambda: api.submit("unknown", analysis="none"))) == 1
    assert trips.of(refused(InvalidRequest, lambda: api.submit(analysis="none"))) == 0
    assert trips.of(lambda: api.get_job.run(job_id, "a")) == 1
    assert trips.of(lambda: api.list_jobs.run("a", JobFilter())) == 1
    assert trips.of(lambda: api.cancel_job.run(job_id, "a")) == 1


def test_each_step_of_a_worker_takes_one_round_trip(
    store: PostgresJobStore, as_worker: Postgres, trips: RoundTrips
) -> None:
    worker, ledger = (
        PostgresJobStore(as_worker),
        PostgresCallLedger(as_worker, POLICY.circuit, POLICY.denials, POLICY.prompt_cache),
    )

    def run() -> list[int]:
        job = new_job()
        store.submit(job)
        call = planned(job_id=job.id, prefix=PREFIX)
        steps: list[Callable[[], object]] = [
            lambda: worker.claim(job.id, 60),
            lambda: ledger.begin(call, Limits()),
            lambda: worker.extend_lease(job.id, 1, 60),
            lambda: ledger.end(call.id, ANSWERED),
            lambda: worker.succeed(job.id, 1, RESULT),
        ]
        return [trips.of(step) for step in steps]

    run()  # connects, prepares the statements, and creates the rows of the day
    assert run() == [1, 1, 1, 1, 1]


def tenant_of(postgres: Postgres) -> str | None:
    (row,) = postgres.run("SELECT nullif(current_setting('app.tenant', true), '') AS tenant")
    return row["tenant"] and str(row["tenant"])


def test_the_tenant_applies_to_one_statement(as_api: Postgres) -> None:
    assert as_api.run("SELECT request_tenant() AS tenant", "a") == [{"tenant": "a"}]
    assert tenant_of(as_api) is None
    assert as_api.run("SELECT id FROM jobs") == []


def test_the_tenant_of_a_failed_statement_does_not_remain(as_api: Postgres) -> None:
    with pytest.raises(DatabaseError, match="division by zero"):
        as_api.run("SELECT 1 / CAST(length(request_tenant()) - 1 AS integer) AS x", "a")
    assert tenant_of(as_api) is None
    assert as_api.run("SELECT request_tenant() AS tenant", "b") == [{"tenant": "b"}]


def test_a_failed_statement_changes_nothing(as_api: Postgres) -> None:
    store = PostgresJobStore(as_api)
    job = new_job()
    store.submit(job)
    with pytest.raises(DatabaseError):
        as_api.run("UPDATE jobs SET status = 'running' RETURNING id", "a")
    view = store.get(job.id, "a")
    assert view is not None
    assert view.status is JobStatus.QUEUED


def test_the_tenant_of_a_statement_that_cannot_be_sent_does_not_remain(as_api: Postgres) -> None:
    with pytest.raises(UnicodeEncodeError):
        as_api.run("SELECT CAST(:text AS text) AS text", "a", text="\ud800")
    assert tenant_of(as_api) is None
    assert as_api.run("SELECT request_tenant() AS tenant", "b") == [{"tenant": "b"}]


def test_a_tenant_with_sql_is_treated_as_a_value(as_api: Postgres) -> None:
    hostile = "a', false); SELECT set_config('app.tenant', 'b"
    assert as_api.run("SELECT request_tenant() AS tenant", hostile) == [{"tenant": hostile}]
