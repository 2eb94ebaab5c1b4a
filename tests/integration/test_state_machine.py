"""PostgreSQL compared with an in-memory model: after any sequence of operations, results and content are equal.

The sequences are the same in every run. More, longer and different ones, which take minutes:
``./scripts/test.sh tests/integration/test_state_machine.py --hypothesis-profile thorough``.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import JobResult, JobStatus
from pipeline.jobs.domain.listing import JobFilter
from pipeline.models.calls import CallDenied, CallOutcome, CallOwner, PlannedCall
from pipeline.models.postgres_call_ledger import PostgresCallLedger
from pipeline.models.prompt_cache import PromptPrefix
from pipeline.models.stage_config import Limits
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.call_ledger_contract import ANSWERED, PREFIX, READ, SILENT, THROTTLED
from tests.support.fakes import FakeClock, InMemoryJobStore
from tests.support.invariants import result_key, violations
from tests.support.jobs import new_job
from tests.support.ledger_model import CallLedgerModel
from tests.support.policy import POLICY
from tests.support.spending import spent_today
from tests.support.timed_database import Content, SessionClock, timed

THOROUGH = settings.get_current_profile_name() == "thorough"
MOST_JOBS = 3
"""With more jobs, too few operations apply to each."""
TENANTS = st.sampled_from("ab")
CIRCUIT = replace(POLICY.circuit, failures_allowed=2)
"""Two failures open the circuit: the ten of the policy are rarely generated in a row."""
LIMITS = Limits(concurrent_model_calls=2, daily_usd=Decimal(6), daily_usd_per_tenant=Decimal(4))
REFUSED = replace(ANSWERED, outcome="ValidationException", cost_usd=Decimal(0), healthy=None)


class Pipeline(RuleBasedStateMachine):
    """Jobs and calls of a stage, in PostgreSQL and in the model."""

    postgres: Postgres
    content: Content
    jobs, calls = Bundle("jobs"), Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.content.read()
        self.content.put_back("nothing")
        self.clock = SessionClock(self.postgres.run)
        self.model = InMemoryJobStore(self.clock)
        self.model.ledger = self.model_ledger = CallLedgerModel(self.clock, CIRCUIT)
        self.store, self.ledger = (
            PostgresJobStore(self.postgres),
            PostgresCallLedger(self.postgres, CIRCUIT, POLICY.denials, POLICY.prompt_cache),
        )
        self.ids = 0
        self.tenants: dict[UUID, str] = {}
        self.final: dict[str, dict[str, Any]] = {}

    def same(self, ask: Callable[[Any], Any]) -> Any:
        """Apply an operation to both job stores, and compare the results."""
        expected, result = ask(self.model), ask(self.store)
        assert result == expected
        return result

    def attempt(self, job: UUID, behind: int) -> int:
        row = self.model.rows.get(job)
        return max(row.attempt - behind, 1) if row else 1

    @precondition(lambda self: len(self.model.rows) < MOST_JOBS)
    @rule(target=jobs, tenant=TENANTS, key=st.sampled_from([None, None, "k", "l"]))
    def record(self, tenant: str, key: str | None) -> UUID:
        self.ids += 1
        job = new_job(job_id=UUID(int=self.ids), tenant=tenant, key=key)
        self.tenants[job.id] = tenant
        return self.same(lambda store: store.submit(job)).id  # type: ignore[no-any-return]

    @rule(job=jobs)
    def mark_enqueued(self, job: UUID) -> None:
        self.same(lambda store: store.mark_enqueued(job))

    @rule(job=jobs)
    def withdraw(self, job: UUID) -> None:
        self.same(lambda store: store.withdraw(job, self.tenants[job]))

    @rule(job=jobs, lease=st.sampled_from([30, 100]))
    def claim(self, job: UUID, lease: int) -> None:
        self.same(lambda store: store.claim(job, lease))

    @rule(job=jobs)
    def claim_when_due(self, job: UUID) -> None:
        self.clock.forward(901)
        self.same(lambda store: store.claim(job, 30))

    @rule(job=jobs, behind=st.sampled_from([0, 0, 1]))
    def extend_lease(self, job: UUID, behind: int) -> None:
        attempt = self.attempt(job, behind)
        self.same(lambda store: store.extend_lease(job, attempt, 60))

    @rule(job=jobs, behind=st.sampled_from([0, 0, 1]), deferred=st.booleans(), delay=st.sampled_from([0, 2, 900]))
    def release(self, job: UUID, behind: int, deferred: bool, delay: int) -> None:
        attempt = self.attempt(job, behind)
        self.same(lambda store: store.release(job, attempt, "throttled", deferred=deferred, delay_seconds=delay))

    @rule(job=jobs, behind=st.sampled_from([0, 0, 1]))
    def succeed(self, job: UUID, behind: int) -> None:
        attempt = self.attempt(job, behind)
        result = JobResult.of(result_key(job, attempt), b'{"mood":"ok"}')
        self.same(lambda store: store.succeed(job, attempt, result))

    @rule(job=jobs, behind=st.sampled_from([0, 0, 1]))
    def fail(self, job: UUID, behind: int) -> None:
        attempt = self.attempt(job, behind)
        self.same(lambda store: store.fail(job, attempt, Failure.of(FailureCode.MODEL_FAILED)))

    @rule(job=jobs, tenant=TENANTS)
    def cancel(self, job: UUID, tenant: str) -> None:
        self.same(lambda store: store.cancel(job, tenant))

    @rule(job=jobs, tenant=TENANTS)
    def erase(self, job: UUID, tenant: str) -> None:
        self.same(lambda store: store.erase(job, tenant))
        self.final.pop(str(job), None)  # the only change of a final job

    @rule()
    def sweep(self) -> None:
        for found in self.same(lambda store: sorted(store.stranded(60, 120, 100), key=lambda one: one.job_id)):
            self.mark_enqueued(found.job_id)

    @rule(seconds=st.sampled_from([1, 10, 31, 61, 121, 901, 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.clock.forward(seconds)

    @rule(
        target=calls,
        tenant=TENANTS,
        model=st.sampled_from("mn"),
        job=jobs,
        usd=st.sampled_from(["0.50", "1.25"]),
        prefix=st.sampled_from([None, PREFIX]),
    )
    def begin_a_call(self, tenant: str, model: str, job: UUID, usd: str, prefix: PromptPrefix | None) -> Any:
        self.ids += 1
        call = PlannedCall(UUID(int=self.ids), CallOwner("job", job, tenant, 1), model, Decimal(usd), 140.0, prefix)
        begun = self.model_ledger.begin(call, LIMITS)
        assert self.ledger.begin(call, LIMITS) == begun
        return multiple() if isinstance(begun, CallDenied) else call

    @rule(call=calls)
    def begin_a_call_again(self, call: PlannedCall) -> None:
        assert self.ledger.begin(call, LIMITS) == self.model_ledger.begin(call, LIMITS)

    @rule(call=calls, end=st.sampled_from([ANSWERED, READ, THROTTLED, SILENT, REFUSED]))
    def end_a_call(self, call: PlannedCall, end: CallOutcome) -> None:
        self.model_ledger.end(call.id, end)
        self.ledger.end(call.id, end)

    @rule(tenant=TENANTS, status=st.sampled_from([None, *JobStatus]))
    def list_jobs(self, tenant: str, status: JobStatus | None) -> None:
        filter_ = JobFilter(status=status, limit=2)
        while filter_ := replace(filter_, after=self.same(lambda store: store.list_jobs(tenant, filter_)).next):
            if filter_.after is None:
                return

    @invariant()
    def results_equal_the_model(self) -> None:
        for job in self.model.rows:
            for tenant in "ab":
                self.same(lambda store: store.get(job, tenant))  # noqa: B023 - called immediately
        for tenant in "ab":
            assert spent_today(self.postgres, tenant) == self.model_ledger.spent_today(tenant)
        accounts = self.postgres.run("SELECT id, writes_left FROM prompt_prefixes")
        assert {row["id"]: row["writes_left"] for row in accounts} == self.model_ledger.writes_left()

    @invariant()
    def invariants_hold(self) -> None:
        tables = self.content.read()
        assert violations(tables, self.clock.now) == []
        held = {slot["call_id"] for slot in tables["model_slots"] if slot["held_until"] > self.clock.now.isoformat()}
        assert held == {str(call) for call in self.model_ledger.holding()}
        final = {row["id"]: row for row in tables["jobs"] if JobStatus(row["status"]).final}
        assert final.items() >= self.final.items()
        self.final = final


@pytest.fixture
def pipeline(empty_database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Pipeline]]:
    timed(empty_database, FakeClock().now)
    content = Content(empty_database)
    content.keep("nothing")
    postgres = Postgres(empty_database, lambda: ["unused"], POLICY.database)
    monkeypatch.setattr(Pipeline, "content", content, raising=False)
    monkeypatch.setattr(Pipeline, "postgres", postgres, raising=False)
    yield Pipeline
    postgres.close()
    content.close()


@pytest.mark.timeout(3600)  # hypothesis takes minutes to shrink a failure before it reports it
def test_postgresql_behaves_like_the_model(pipeline: type[Pipeline]) -> None:
    chosen = settings(
        max_examples=2000 if THOROUGH else 100,
        stateful_step_count=100 if THOROUGH else 40,
        derandomize=not THOROUGH,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(pipeline, settings=chosen)
