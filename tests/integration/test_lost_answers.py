"""A lost answer changes nothing: the connection breaks after a statement was executed and before its answer arrives.

``Postgres.run`` sends the statement a second time. The operation's result and every table must be the same as without
the loss. Every operation on a job or a call runs in every state, once for each of its statements.
"""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pipeline.jobs.adapters import job_store
from pipeline.jobs.domain.job import JobStatus
from pipeline.jobs.domain.listing import JobFilter
from pipeline.jobs.services.cancel_job import CancelJob
from pipeline.models import postgres_call_ledger
from pipeline.platform.errors import RequestRefused
from pipeline.platform.postgres import Postgres
from pipeline.platform.rows import Row
from pipeline.platform.settings import DatabaseSettings
from pipeline.platform.sql import read_statements

from tests.support import job_states
from tests.support.call_states import CALL_STATES
from tests.support.concurrently import Operation, State, Work
from tests.support.fakes import FakeClock
from tests.support.job_states import ID, OF_A_JOB, OF_ITS_REQUEST
from tests.support.losing_proxy import LosingProxy, losing_proxy
from tests.support.policy import POLICY
from tests.support.timed_database import Content, SessionClock, Tables, timed

JOBS = Path(job_store.__file__).with_name("jobs.sql")
LEDGER = Path(postgres_call_ledger.__file__).with_name("call_ledger.sql")
OF_A_CALLER: dict[str, Operation] = {
    "cancel": lambda work: CancelJob(work.store).run(
        str(ID), "a"
    ),  # the use case, because the store also returns whether this call cancelled the job, which differs
    "find by key": lambda work: work.store.find_by_key("a", "k"),
    "get": lambda work: work.store.get(ID, "a"),
    "ping": lambda work: work.store.ping(),
    "list": lambda work: work.store.list_jobs("a", JobFilter()),
    "list queued jobs": lambda work: work.store.list_jobs("a", JobFilter(status=JobStatus.QUEUED)),
}
OF_JOBS = {state.__name__: (state, OF_ITS_REQUEST | OF_A_JOB | OF_A_CALLER) for state in job_states.STATES}
EVERY: dict[str, tuple[State, dict[str, Operation]]] = {**OF_JOBS, **CALL_STATES}
DONE: set[str] = set()
RAN: set[str] = set()
"""Statements that ran. Each of them also ran with its answer lost."""


class Watched(Postgres):
    """Records the statements that ran."""

    def run(self, sql: str, tenant: str | None = None, /, **parameters: object) -> list[Row]:
        RAN.add(sql)
        return super().run(sql, tenant, **parameters)

    def run_locked(self, lock: str, sql: str, /, **parameters: object) -> list[Row]:
        RAN.update((lock, sql))
        return super().run_locked(lock, sql, **parameters)


@pytest.fixture
def proxy(server: Path) -> Iterator[LosingProxy]:
    with tempfile.TemporaryDirectory(prefix="pg-") as folder, losing_proxy(Path(folder), server) as made:
        yield made


def once(content: Content, postgres: Postgres, operation: Operation) -> tuple[str, Tables]:
    """Run the operation in the initial state. Returns its result, and all tables."""
    content.put_back("start")
    try:
        result = repr(operation(Work.on(postgres)))
    except RequestRefused as exc:
        result = repr(exc)
    return result, content.read()


@pytest.mark.parametrize("name", EVERY)
def test_a_lost_answer_changes_nothing(empty_database: DatabaseSettings, proxy: LosingProxy, name: str) -> None:
    state, operations = EVERY[name]
    settings = timed(empty_database, FakeClock().now)
    builder = Postgres(settings, lambda: ["unused"], POLICY.database)
    clock = SessionClock(builder.run)
    state(Work.on(builder), clock)
    builder.run(f"ALTER DATABASE {settings.db_name} SET test.now = '{clock.now.isoformat()}'")
    builder.close()
    remote = settings.model_copy(update={"db_host": str(proxy.folder)})
    with (
        closing(Content(settings)) as content,
        closing(Watched(remote, lambda: ["unused"], POLICY.database)) as postgres,
    ):
        content.keep("start")
        postgres.run("SELECT 1 AS one")  # only an existing connection reconnects
        assert list(differences(proxy, content, postgres, operations)) == []
    DONE.add(name)


def differences(
    proxy: LosingProxy, content: Content, postgres: Postgres, operations: dict[str, Operation]
) -> Iterator[str]:
    """Every difference between a run without a loss and one with a lost answer."""
    for doing, operation in operations.items():
        proxy.lose(0)
        expected = once(content, postgres, operation)
        for number in range(1, proxy.executed + 1):
            proxy.lose(number)
            if (got := once(content, postgres, operation)) != expected:
                yield f"{doing}, statement {number}: {got}, expected {expected}"
            assert proxy.lost == 1


def test_every_statement_lost_its_answer() -> None:
    """The tests above cover every statement together."""
    if set(EVERY) != DONE:
        pytest.skip("only some of them ran")
    files = (JOBS, LEDGER)
    statements = {statement.text: statement.name for file in files for statement in read_statements(file)}
    assert sorted(name for text, name in statements.items() if text not in RAN) == []
