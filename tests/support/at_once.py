"""Whether all that two workers can do at once could have come of one after the other."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from itertools import combinations_with_replacement, permutations
from types import TracebackType
from typing import Self, cast

from pipeline.jobs.adapters.job_store import PostgresJobStore
from pipeline.jobs.domain.job import NotClaimed
from pipeline.models.calls import CallDenied, DenialReason
from pipeline.models.postgres_call_ledger import PostgresCallLedger
from pipeline.platform.postgres import Postgres
from pipeline.platform.settings import DatabaseSettings

from tests.support.fakes import FakeClock
from tests.support.interleaving import Pair, Session, schedules
from tests.support.invariants import violations
from tests.support.policy import POLICY
from tests.support.timed_database import Content, SessionClock, Tables


@dataclass(frozen=True)
class Work:
    """What a worker changes, on a connection of its own."""

    store: PostgresJobStore
    ledger: PostgresCallLedger

    @classmethod
    def on(cls, postgres: Postgres | Session) -> Self:
        return cls(
            PostgresJobStore(cast(Postgres, postgres)),
            PostgresCallLedger(cast(Postgres, postgres), POLICY.circuit, POLICY.denials),
        )


Operation = Callable[[Work], object]
State = Callable[[Work, FakeClock], None]
RedriveOutcome = tuple[dict[str, object], Tables]
"""What each worker was told, and all tables."""


class TwoWorkers:
    """A and B, whose clocks are a second apart."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._open = ExitStack()
        self._postgres = Postgres(settings, lambda: ["unused"], POLICY.requests)
        self._open.callback(self._postgres.close)
        self._content = Content(settings)
        self._open.callback(self._content.close)
        self._clock = SessionClock(self._postgres.run)
        self._pool = self._open.enter_context(ThreadPoolExecutor(2))
        self.waited = 0
        """Runs in which one waited for a lock of the other."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    def faults(
        self, state: State, operations: dict[str, Operation], pairs: Iterable[tuple[str, str]] | None = None
    ) -> Iterator[str]:
        """Of pairs of operations (all, unless it is said which) in the state, in every order of their steps."""
        state(Work.on(self._postgres), self._clock)
        self._content.keep("start")
        workers = (self._worker("A"), self._worker("B"))
        pair = Pair(workers, self._pool, self._content.waits_for)

        @cache
        def one_by_one(*turns: tuple[Session, str]) -> RedriveOutcome:
            self._content.put_back("start")
            told = {worker.name: operations[name](Work.on(worker)) for worker, name in turns}
            return told, self._content.read()

        for names in pairs or combinations_with_replacement(operations, 2):
            turns = list(zip(workers, names, strict=True))
            for choices in schedules():
                self._content.put_back("start")
                ran = pair.run([partial(_on_work, operations[name]) for name in names], choices)
                self.waited += ran.waited
                told = {worker.name: ran.outcomes[at] for at, worker in enumerate(workers) if at not in ran.lost}
                got = told, self._content.read()
                done = [turn for at, turn in enumerate(turns) if at not in ran.lost]
                expected = [one_by_one(*order) for order in permutations(done)]
                expected += [one_by_one(*(set(done) - {turn})) for turn in done if _in_haste(told[turn[0].name])]
                wrong = violations(got[1], self._clock.now)
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


def _same(got: RedriveOutcome, expected: RedriveOutcome) -> bool:
    told, content = expected
    return content == got[1] and all(_as_good(one, told.get(name, one)) for name, one in got[0].items())


def _as_good(got: object, expected: object) -> bool:
    """Who is refused looks again. Why, and for how long, is read after the refusal: what has changed since is news."""
    if isinstance(got, NotClaimed) and isinstance(expected, NotClaimed):
        return got == expected or not (got.status is None or got.status.final)
    if isinstance(got, CallDenied) and isinstance(expected, CallDenied):
        return got.reason == expected.reason
    return got == expected


def _in_haste(told: object) -> bool:
    """A call does not wait to see whether another that has its hand on a slot, or on the model's health, leaves it."""
    return isinstance(told, CallDenied) and told.reason in (DenialReason.NO_SLOT, DenialReason.MODEL_DOWN)


def _difference(got: RedriveOutcome, expected: list[RedriveOutcome]) -> list[dict[str, object]]:
    return [
        {name: (mine, theirs) for name, mine in _flat(got).items() if mine != (theirs := _flat(one).get(name))}
        for one in expected
    ]


def _flat(outcome: RedriveOutcome) -> dict[str, object]:
    told, content = outcome
    return {**told, **{f"{name}[{at}]": row for name, rows in content.items() for at, row in enumerate(rows)}}
