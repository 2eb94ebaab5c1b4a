"""Serializability of two workers: every interleaving of their steps has the result of some sequential order."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations_with_replacement, permutations
from types import TracebackType
from typing import Self, cast

from pipeline.jobs.adapters.erasures import PostgresErasureStore
from pipeline.jobs.adapters.failed_jobs import PostgresFailedJobs
from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.job import NotClaimed
from pipeline.models.calls import CallDenied, DenialReason
from pipeline.models.postgres_call_ledger import PostgresCallLedger
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support import invariants
from tests.support.fakes import FakeClock
from tests.support.interleaving import Pair, Session, schedules
from tests.support.policy import POLICY
from tests.support.timed_database import Content, SessionClock, Tables


@dataclass(frozen=True)
class Work:
    """A worker's stores and ledger, on one connection."""

    store: PostgresJobStore
    ledger: PostgresCallLedger
    erasures: PostgresErasureStore
    failed: PostgresFailedJobs

    @classmethod
    def on(cls, postgres: Postgres | Session) -> Self:
        return cls(
            PostgresJobStore(cast(Postgres, postgres)),
            PostgresCallLedger(cast(Postgres, postgres), POLICY.circuit, POLICY.denials, POLICY.prompt_cache),
            PostgresErasureStore(cast(Postgres, postgres)),
            PostgresFailedJobs(cast(Postgres, postgres)),
        )


Operation = Callable[[Work], object]
State = Callable[[Work, FakeClock], None]
Outcome = tuple[dict[str, object], Tables]
"""The result that each worker received, by its name, and all tables."""


class TwoWorkers:
    """Workers A and B, whose clocks are one second apart."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._open = ExitStack()
        self._postgres = Postgres(settings, lambda: ["unused"], POLICY.database)
        self._open.callback(self._postgres.close)
        self._content = Content(settings)
        self._open.callback(self._content.close)
        self._clock = SessionClock(self._postgres.run)
        self._pool = self._open.enter_context(ThreadPoolExecutor(2))
        self.waited = 0
        """Number of runs in which one worker waited for a lock of the other."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def violations(
        self, state: State, operations: dict[str, Operation], pairs: Iterable[tuple[str, str]] | None = None
    ) -> Iterator[str]:
        """Outcomes that no sequential order has, for pairs of operations in a state, in every schedule.

        Operations that neither change nor lock a row in this state cannot affect one another: their pairs do not run.
        """
        state(Work.on(self._postgres), self._clock)
        self._content.keep("start")
        workers = (self._worker("A"), self._worker("B"))
        pair = Pair(workers, self._pool, self._content.waits_for)

        @cache
        def one_by_one(*turns: tuple[Session, str]) -> Outcome:
            self._content.put_back("start")
            results = {worker.name: operations[name](Work.on(worker)) for worker, name in turns}
            return results, self._content.read()

        def writes(name: str) -> bool:
            workers[0].wrote = False
            one_by_one((workers[0], name))
            return workers[0].wrote

        writing = {name for name in operations if writes(name)}
        for names in pairs or combinations_with_replacement(operations, 2):
            if writing.isdisjoint(names):
                continue
            turns = list(zip(workers, names, strict=True))
            for choices in schedules():
                self._content.put_back("start")
                ran = pair.run([partial(_on_work, operations[name]) for name in names], choices)
                self.waited += ran.waited
                results = {worker.name: ran.outcomes[at] for at, worker in enumerate(workers) if at not in ran.lost}
                got = results, self._content.read()
                done = [turn for at, turn in enumerate(turns) if at not in ran.lost]
                expected = [one_by_one(*order) for order in permutations(done)]
                expected += [
                    one_by_one(*(set(done) - {turn})) for turn in done if _skipped_a_lock(results[turn[0].name])
                ]
                wrong = invariants.violations(got[1], self._clock.now)
                if wrong or not any(_same(got, one) for one in expected):
                    yield f"{' | '.join(names)}: {ran.steps}: {wrong or _difference(got, expected)}"

    def _worker(self, name: str) -> Session:
        connection = self._postgres.connect()
        self._open.callback(connection.close)
        SessionClock(connection.run).forward((self._clock.now - FakeClock().now).total_seconds())
        self._clock.forward(1)
        return Session(name, connection)


def _on_work(operation: Operation, session: Session) -> object:
    return operation(Work.on(session))


def _same(got: Outcome, expected: Outcome) -> bool:
    results, content = expected
    return content == got[1] and all(_equivalent(one, results.get(name, one)) for name, one in got[0].items())


def _equivalent(got: object, expected: object) -> bool:
    """Equal, but for the reason of a refusal: it is read after the refusal, when the job may have changed."""
    if isinstance(got, NotClaimed) and isinstance(expected, NotClaimed):
        return got == expected or not (got.status is None or got.status.final)
    if isinstance(got, CallDenied) and isinstance(expected, CallDenied):
        return got.reason == expected.reason
    return got == expected


def _skipped_a_lock(result: object) -> bool:
    """A call does not wait for a slot, or for a probe, whose row another transaction has locked and may roll back."""
    return isinstance(result, CallDenied) and result.reason in (DenialReason.NO_SLOT, DenialReason.MODEL_DOWN)


def _difference(got: Outcome, expected: list[Outcome]) -> list[dict[str, object]]:
    return [
        {name: (mine, theirs) for name, mine in _flat(got).items() if mine != (theirs := _flat(one).get(name))}
        for one in expected
    ]


def _flat(outcome: Outcome) -> dict[str, object]:
    results, content = outcome
    return {**results, **{f"{name}[{at}]": row for name, rows in content.items() for at, row in enumerate(rows)}}
