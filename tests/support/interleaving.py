"""Two workers on one database, in every interleaving of their steps.

A worker is a thread that stops before each statement and before each commit. A schedule determines which worker
continues at each stop; ``schedules`` enumerates all that can differ. PostgreSQL's lock tables show which worker waits
for the other's lock; it continues when the other has ended its transaction.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from pg8000 import native
from pipeline.platform.pipelining import SET_TENANT
from pipeline.platform.rows import Row

What = Literal["reads", "executes", "commits", "rolls back"]
Step = tuple[str, What]
ENDS: tuple[What, ...] = ("commits", "rolls back")


class TransactionLost(Exception):
    """The server rolled the transaction back."""


class Choices:
    """The choices of one run and their number of options, from which the next run's choices follow."""

    def __init__(self, given: list[int]) -> None:
        self._given = given
        self.made: list[tuple[int, int]] = []

    def choose[T](self, options: list[T]) -> T:
        at = len(self.made)
        choice = self._given[at] if at < len(self._given) else 0
        self.made.append((choice, len(options)))
        return options[choice]


def schedules() -> Iterator[Choices]:
    """All schedules, depth first. Run each to its end before taking the next."""
    given: list[int] | None = []
    while given is not None:
        choices = Choices(given)
        yield choices
        made = choices.made
        while made and made[-1][0] + 1 == made[-1][1]:
            made.pop()
        given = [choice for choice, _ in made[:-1]] + [made[-1][0] + 1] if made else None


class Session:
    """Stand-in for ``Postgres``: each statement is a transaction that the session's worker steps through."""

    def __init__(self, name: str, connection: native.Connection) -> None:
        self.name = name
        self._connection = connection
        self._statements: dict[str, native.PreparedStatement] = {}
        ((self.backend,),) = connection.run("SELECT pg_backend_pid()")
        self.worker: Worker | None = None
        self.wrote = False
        """Whether a statement changed or locked a row."""

    def run(self, sql: str, tenant: str | None = None, /, **parameters: object) -> list[Row]:
        """``Postgres.run`` with the worker's stops. As a superuser, it sees the rows of all tenants."""
        return self._transaction(None if tenant is None else (SET_TENANT, {"tenant": tenant}), sql, parameters)

    def run_locked(self, lock: str, sql: str, /, **parameters: object) -> list[Row]:
        """``Postgres.run_locked`` with the worker's stops."""
        return self._transaction((lock, {}), sql, parameters)

    def _transaction(
        self, first: tuple[str, dict[str, str]] | None, sql: str, parameters: dict[str, object]
    ) -> list[Row]:
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = self._connection.prepare(sql)
        reads = sql.lstrip("(\n ").startswith("SELECT")
        self._stop("reads" if reads else "executes")
        self._connection.run("BEGIN")
        try:
            if first:
                self._connection.run(first[0], **first[1])
            rows = statement.run(**parameters) or []
            ((changed,),) = self._connection.run("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        except BaseException:
            self._connection.run("ROLLBACK")
            raise
        self.wrote = self.wrote or changed
        if changed and self._stop("commits") == "rolls back":
            self._connection.run("ROLLBACK")
            raise TransactionLost
        self._connection.run("COMMIT")
        names = [column["name"] for column in statement.columns or []]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _stop(self, what: What) -> What:
        return self.worker.stop(what) if self.worker else what


@dataclass
class Worker:
    """An operation that runs step by step."""

    session: Session
    next: What | None = None
    """Its next step; ``None`` once it has ended."""
    waits: bool = False
    """Whether it waits for the other's lock."""
    ended: Future[Any] = field(default_factory=Future)
    _arrived: threading.Event = field(default_factory=threading.Event)
    _orders: "queue.SimpleQueue[What]" = field(default_factory=queue.SimpleQueue)

    def start(self, pool: ThreadPoolExecutor, operation: Callable[[Session], object]) -> None:
        """Run up to the first stop."""
        self.session.worker = self
        self.ended = pool.submit(self._work, operation)
        self._arrived.wait()

    def stop(self, what: What) -> What:
        """Stop before a step. Called in the worker's thread."""
        self.next = what
        self._arrived.set()
        return self._orders.get()

    def go(self, what: What, blocked: Callable[[], bool]) -> None:
        """Run up to the next stop, or until the worker waits for a lock."""
        self._arrived.clear()
        self._orders.put(what)
        while not self._arrived.wait(0.001):
            if blocked():
                self.waits = True
                return

    def wake(self) -> None:
        """Continue after a wait: the lock was granted, or PostgreSQL broke a deadlock."""
        self._arrived.wait()
        self.waits = False

    @property
    def outcome(self) -> object:
        """The operation's return value, or the exception that it raised."""
        error = self.ended.exception()
        return error if error else self.ended.result()

    def _work(self, operation: Callable[[Session], object]) -> object:
        try:
            return operation(self.session)
        finally:
            self.session.worker = self.next = None
            self._arrived.set()


@dataclass(frozen=True)
class Ran:
    """One run of two workers."""

    steps: list[Step]
    outcomes: tuple[object, object]
    waited: bool
    """Whether one worker waited for a lock of the other."""

    @property
    def lost(self) -> list[int]:
        """Indexes of the workers whose transaction was rolled back."""
        return [at for at, outcome in enumerate(self.outcomes) if isinstance(outcome, TransactionLost)]


@dataclass(frozen=True)
class Pair:
    """Two sessions, their threads, and a test for whether one backend waits for the other."""

    sessions: tuple[Session, Session]
    pool: ThreadPoolExecutor
    waits_for: Callable[[int, int], bool]

    def run(self, operations: list[Callable[[Session], object]], choices: Choices) -> Ran:
        """Run one schedule."""
        workers = [Worker(session) for session in self.sessions]
        for worker, operation in zip(workers, operations, strict=True):
            worker.start(self.pool, operation)
        steps: list[Step] = []
        waited = False
        while any(worker.next for worker in workers):
            free = [worker for worker in workers if worker.next and not worker.waits]
            if not free:  # a deadlock, which PostgreSQL breaks after a second
                for worker in workers:
                    worker.wake()
                continue
            options = [(worker, what) for worker in free for what in _possible(worker, workers, steps)]
            worker, what = choices.choose(options or [(free[0], _next(free[0]))])
            (other,) = (one for one in workers if one is not worker)
            steps.append((worker.session.name, what))
            worker.go(what, partial(self._blocked, worker, other))
            waited = waited or worker.waits
            if what in ENDS and other.waits:
                other.wake()
        return Ran(steps, (workers[0].outcome, workers[1].outcome), waited)

    def _blocked(self, worker: Worker, by: Worker) -> bool:
        return by.next in ENDS and self.waits_for(worker.session.backend, by.session.backend)


def _possible(worker: Worker, workers: list[Worker], steps: list[Step]) -> list[What]:
    """The worker's possible steps, without those that commute with the last one: the other order covers them."""
    what = _next(worker)
    name, last = steps[-1] if steps else (worker.session.name, what)
    first = worker is workers[0]
    if first and name != worker.session.name and _commute(last, what):
        return []
    rolled_back = any(done == "rolls back" for _, done in steps)
    return list(ENDS) if what == "commits" and not rolled_back else [what]


def _next(worker: Worker) -> What:
    assert worker.next
    return worker.next


def _commute(one: What, other: What) -> bool:
    """Whether the order of two steps has no effect: uncommitted changes are invisible, and commits are independent."""
    return (
        (one == "reads" and other in ("reads", "executes"))
        or (one == "executes" and other == "reads")
        or (one in ENDS and other in ENDS)
    )
