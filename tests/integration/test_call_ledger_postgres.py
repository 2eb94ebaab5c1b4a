"""The call ledger in PostgreSQL: the contract, and the tests that require a real database."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal

import pytest
from local_stack.running import until
from pg8000 import native
from pipeline.models.calls import CallBegun, CallDenied, DenialReason, PlannedCall
from pipeline.models.postgres_call_ledger import PostgresCallLedger
from pipeline.models.stage_config import Limits
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.call_ledger_contract import (
    ANSWERED,
    FREE,
    SILENT,
    THROTTLED,
    CallLedgerContract,
    Spent,
    begun,
    denial,
    planned,
)
from tests.support.policy import POLICY
from tests.support.spending import spent_today


class TestPostgresCallLedger(CallLedgerContract):
    @pytest.fixture
    def ledger(self, as_worker: Postgres) -> PostgresCallLedger:
        return PostgresCallLedger(as_worker, POLICY.circuit, POLICY.denials, POLICY.prompt_cache)

    @pytest.fixture
    def spent(self, as_worker: Postgres) -> Spent:
        return lambda tenant: spent_today(as_worker, tenant)

    @pytest.fixture
    def pass_time(self, postgres: Postgres) -> Callable[[float], None]:
        """Simulates the passing of time: moves the stored times into the past."""

        def back(seconds: float) -> None:
            ago = f"make_interval(secs => {seconds})"
            postgres.run(f"UPDATE model_slots SET held_until = held_until - {ago}")
            postgres.run(
                f"UPDATE model_health SET open_until = open_until - {ago}, closed_since = closed_since - {ago}"
            )
            postgres.run(f"UPDATE model_calls SET started_at = started_at - {ago}")
            postgres.run(f"UPDATE prompt_prefixes SET last_call_at = last_call_at - {ago}")

        return back

    @pytest.fixture
    def workers(self, database: DatabaseSettings) -> Iterator[list[PostgresCallLedger]]:
        """Eight ledgers, each on its own connection."""
        connections = [Postgres(database, lambda: ["unused"], POLICY.database) for _ in range(8)]
        yield [
            PostgresCallLedger(connection, POLICY.circuit, POLICY.denials, POLICY.prompt_cache)
            for connection in connections
        ]
        for connection in connections:
            connection.close()

    def test_the_slot_of_a_dead_worker_expires_once_its_call_must_have_ended(
        self, ledger: PostgresCallLedger, pass_time: Callable[[float], None]
    ) -> None:
        one = Limits(concurrent_model_calls=1)
        dead = begun(ledger, one)
        pass_time(139)
        assert denial(ledger, one) is DenialReason.NO_SLOT
        pass_time(2)
        begun(ledger, one)
        ledger.end(dead.id, SILENT)  # the worker was only slow: another call holds the slot and keeps it
        assert denial(ledger, one) is DenialReason.NO_SLOT

    def test_an_ending_call_waits_for_its_slot_before_it_locks_the_day(
        self, ledger: PostgresCallLedger, database: DatabaseSettings
    ) -> None:
        """A call that begins locks in the same order, so the two cannot deadlock."""
        call = begun(ledger, Limits(concurrent_model_calls=1))
        where = {"database": database.db_name, "unix_sock": f"{database.db_host}/.s.PGSQL.5432"}
        with closing(native.Connection("postgres", **where)) as beginning, ThreadPoolExecutor(1) as pool:
            beginning.run("BEGIN")
            beginning.run("SELECT FROM model_slots FOR UPDATE")
            ending = pool.submit(ledger.end, call.id, ANSWERED)
            blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            until(lambda: beginning.run(blocked) == [[1]])
            beginning.run("SELECT FROM daily_spend FOR UPDATE NOWAIT")
            beginning.run("COMMIT")
            ending.result()

    def test_concurrent_workers_do_not_exceed_the_number_of_slots(
        self, workers: list[PostgresCallLedger], spent: Spent
    ) -> None:
        limits = Limits(concurrent_model_calls=3)
        lock, under_way, most, made = threading.Lock(), 0, 0, 0

        def work(ledger: PostgresCallLedger) -> None:
            nonlocal under_way, most, made
            for _ in range(25):
                call = planned()
                if isinstance(ledger.begin(call, limits), CallDenied):
                    continue
                with lock:
                    under_way, made = under_way + 1, made + 1
                    most = max(most, under_way)
                with lock:
                    under_way -= 1
                ledger.end(call.id, ANSWERED)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, workers))
        assert most <= 3
        assert made > 25
        assert spent("a").stage == Decimal("0.25") * made

    def test_concurrent_calls_of_one_tenant_leave_a_slot_to_others(self, workers: list[PostgresCallLedger]) -> None:
        limits = Limits(concurrent_model_calls=4)
        for _ in range(20):
            start = threading.Barrier(8)

            def begin(worker: PostgresCallLedger, start: threading.Barrier = start) -> PlannedCall | None:
                call = planned()
                start.wait()
                return call if isinstance(worker.begin(call, limits), CallBegun) else None

            with ThreadPoolExecutor(8) as pool:
                made = [call for call in pool.map(begin, workers) if call]
            assert len(made) == 3
            bystander = begun(workers[0], limits, tenant="b")
            for call in (*made, bystander):
                workers[0].end(call.id, ANSWERED)

    def test_concurrent_workers_do_not_exceed_the_daily_limits(
        self, workers: list[PostgresCallLedger], spent: Spent
    ) -> None:
        limits = Limits(daily_usd=Decimal(20), daily_usd_per_tenant=Decimal(7))
        start = threading.Barrier(8)

        def work(number: int) -> int:
            start.wait()
            calls = [planned(f"tenant-{number % 4}") for _ in range(10)]
            return sum(isinstance(workers[number].begin(call, limits), CallBegun) for call in calls)

        with ThreadPoolExecutor(8) as pool:
            made = sum(pool.map(work, range(8)))
        assert made == 20  # of 80 calls at one dollar each
        of_tenants = [spent(f"tenant-{number}") for number in range(4)]
        assert sum(of.tenant for of in of_tenants) == of_tenants[0].stage == 20
        assert max(of.tenant for of in of_tenants) <= 7

    def test_the_circuit_opens_allows_one_probe_and_closes_after_an_answer(
        self, ledger: PostgresCallLedger, workers: list[PostgresCallLedger], pass_time: Callable[[float], None]
    ) -> None:
        for _ in range(POLICY.circuit.failures_allowed):
            ledger.end(begun(ledger).id, THROTTLED)
        refused = ledger.begin(planned(), FREE)
        assert isinstance(refused, CallDenied)
        assert refused.reason is DenialReason.MODEL_DOWN
        assert 0 < refused.retry_after_s <= POLICY.circuit.shortest_pause_s

        pass_time(POLICY.circuit.shortest_pause_s)
        start = threading.Barrier(8)

        def probe(worker: PostgresCallLedger) -> object:
            call = planned()
            start.wait()
            return call if isinstance(worker.begin(call, FREE), CallBegun) else None

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(probe, workers))
        (through,) = [answer for answer in answers if isinstance(answer, type(planned()))]
        ledger.end(through.id, THROTTLED)  # the next pause is twice as long
        pass_time(POLICY.circuit.shortest_pause_s)
        assert denial(ledger, FREE) is DenialReason.MODEL_DOWN
        pass_time(POLICY.circuit.shortest_pause_s)
        begun(ledger)  # a probe whose worker dies
        assert denial(ledger, FREE) is DenialReason.MODEL_DOWN
        pass_time(POLICY.circuit.probe_s)
        ledger.end(begun(ledger).id, ANSWERED)
        begun(ledger)
        begun(ledger)

    @pytest.mark.parametrize("in_flight", [10, 11, 15, 40])
    def test_failures_of_calls_in_flight_together_open_the_circuit_once(
        self, ledger: PostgresCallLedger, pass_time: Callable[[float], None], in_flight: int
    ) -> None:
        for call in [begun(ledger) for _ in range(in_flight)]:
            ledger.end(call.id, THROTTLED)
        refused = ledger.begin(planned(), FREE)
        assert isinstance(refused, CallDenied)
        assert refused.retry_after_s <= POLICY.circuit.shortest_pause_s
        pass_time(POLICY.circuit.shortest_pause_s)
        ledger.end(begun(ledger).id, ANSWERED)
        begun(ledger)

    def test_only_the_probe_decides_about_an_open_circuit(
        self, ledger: PostgresCallLedger, pass_time: Callable[[float], None]
    ) -> None:
        earlier = [begun(ledger) for _ in range(3 * POLICY.circuit.failures_allowed)]
        late = iter(earlier)
        for _ in range(POLICY.circuit.failures_allowed):
            ledger.end(next(late).id, THROTTLED)
        ledger.end(next(late).id, ANSWERED)
        assert denial(ledger, FREE) is DenialReason.MODEL_DOWN
        pass_time(POLICY.circuit.shortest_pause_s)
        probe = begun(ledger)
        ledger.end(next(late).id, THROTTLED)
        ledger.end(probe.id, ANSWERED)
        for call in late:  # they began before the circuit closed
            ledger.end(call.id, THROTTLED)
        begun(ledger)

    def test_a_denied_call_does_not_use_the_probe(
        self, ledger: PostgresCallLedger, pass_time: Callable[[float], None]
    ) -> None:
        for _ in range(POLICY.circuit.failures_allowed):
            ledger.end(begun(ledger).id, THROTTLED)
        pass_time(POLICY.circuit.shortest_pause_s)
        assert denial(ledger, Limits(daily_usd=Decimal(0))) is DenialReason.DAILY_LIMIT
        assert denial(ledger, Limits(daily_usd=Decimal(0)), tenant="b") is DenialReason.DAILY_LIMIT
        begun(ledger)

    def test_an_answer_resets_the_count_of_failures(self, ledger: PostgresCallLedger) -> None:
        for _ in range(3):
            for _ in range(POLICY.circuit.failures_allowed - 1):
                ledger.end(begun(ledger).id, THROTTLED)
            ledger.end(begun(ledger).id, ANSWERED)

    def test_every_call_is_recorded_with_its_outcome_and_cost(
        self, ledger: PostgresCallLedger, postgres: Postgres
    ) -> None:
        for end in (ANSWERED, THROTTLED):
            ledger.end(begun(ledger).id, end)
        begun(ledger)
        rows = postgres.run("SELECT outcome, ended_at IS NULL AS open, cost_usd FROM model_calls ORDER BY started_at")
        assert [tuple(row.values()) for row in rows] == [
            ("answered", False, Decimal("0.25")),
            ("ThrottlingException", False, 0),
            (None, True, None),
        ]
