"""Two workers on one database, brought to every point at which one can come between the other's steps.

A worker is a thread that stops before each statement and before each commit. One schedule says who goes on at each
stop; ``schedules`` runs through all that can differ. A worker that waits for the other's lock is found in PostgreSQL's
own account of its locks, and goes on when the other has ended its transaction.
"""

import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from pg8000 import native
from pipeline.platform.pipelining import Row

What = Literal["reads", "executes", "commits", "rolls back"]
Step = tuple[str, What]
ENDS: tuple[What, ...] = ("commits", "rolls back")


class TransactionLost(Exception):
    """The server rolled the transaction back."""


class Choices:
    """The choices of one run, and which of them were open: those of the next run follow from it."""

    def __init__(self, given: list[int]) -> None:
        self._given = given
        self.made: list[tuple[int, int]] = []

    def choose[T](self, options: list[T]) -> T:
        at = len(self.made)
        choice = self._given[at] if at < len(self._given) else 0
        self.made.append((choice, len(options)))
        return options[choice]


def schedules() -> Iterator[Choices]:
    """As many as there are ways to choose, depth first. Each is to be used up before the next is asked for."""
    given: list[int] | None = []
    while given is not None:
        choices = Choices(given)
        yield choices
        made = choices.made
        while made and made[-1][0] + 1 == made[-1][1]:
            made.pop()
        given = [choice for choice, _ in made[:-1]] + [made[-1][0] + 1] if made else None


class Session:
    """In place of ``Postgres``: a connection on which each statement is a transaction that its worker steps through."""

    def __init__(self, name: str, connection: native.Connection) -> None:
        self.name = name
        self._connection = connection
        self._statements: dict[str, native.PreparedStatement] = {}
        ((self.backend,),) = connection.run("SELECT pg_backend_pid()")
        self.worker: Worker | None = None

    def run(self, sql: str, tenant: str | None = None, /, **parameters: object) -> list[Row]:
        """As ``Postgres.run`` does, but for its worker's stops. A superuser sees the rows of all tenants."""
        statement = self._statements.get(sql)
        if statement is None:
            statement = self._statements[sql] = self._connection.prepare(sql)
        reads = sql.lstrip("(\n ").startswith("SELECT")
        self._stop("reads" if reads else "executes")
        self._connection.run("BEGIN")
        try:
            rows = statement.run(**parameters) or []
            ((changed,),) = self._connection.run("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        except BaseException:
            self._connection.run("ROLLBACK")
            raise
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
    """An operation, step by step."""

    session: Session
    next: What | None = None
    """What it does when it goes on; ``None``: it has come to its end."""
    waits: bool = False
    """For the other's lock."""
    ended: Future[Any] = field(default_factory=Future)
    _arrived: threading.Event = field(default_factory=threading.Event)
    _told: "queue.SimpleQueue[What]" = field(default_factory=queue.SimpleQueue)

    def start(self, pool: ThreadPoolExecutor, operation: Callable[[Session], object]) -> None:
        """Up to its first stop."""
        self.session.worker = self
        self.ended = pool.submit(self._work, operation)
        self._arrived.wait()

    def stop(self, what: What) -> What:
        """Called in the worker's own thread."""
        self.next = what
        self._arrived.set()
        return self._told.get()

    def go(self, what: What, blocked: Callable[[], bool]) -> None:
        """Up to its next stop, or until it waits."""
        self._arrived.clear()
        self._told.put(what)
        while not self._arrived.wait(0.001):
            if blocked():
                self.waits = True
                return

    def wake(self) -> None:
        """The lock that it waited for is its own now, or PostgreSQL has broken a deadlock."""
        self._arrived.wait()
        self.waits = False

    @property
    def outcome(self) -> object:
        """What the operation returned, or raised."""
        fault = self.ended.exception()
        return fault if fault else self.ended.result()

    def _work(self, operation: Callable[[Session], object]) -> object:
        try:
            return operation(self.session)
        finally:
            self.session.worker = self.next = None
            self._arrived.set()


@dataclass(frozen=True)
class Ran:
    """What two workers did."""

    steps: list[Step]
    outcomes: tuple[object, object]
    waited: bool
    """One for a lock of the other."""

    @property
    def lost(self) -> list[int]:
        """Whose transaction was rolled back."""
        return [at for at, outcome in enumerate(self.outcomes) if isinstance(outcome, TransactionLost)]


@dataclass(frozen=True)
class Pair:
    """Two sessions, the threads to use them in, and who can tell that one waits for the other."""

    sessions: tuple[Session, Session]
    pool: ThreadPoolExecutor
    waits_for: Callable[[int, int], bool]

    def run(self, operations: list[Callable[[Session], object]], choices: Choices) -> Ran:
        """One schedule."""
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
    """Without those that the other order of the last two steps, which comes to the same, has shown already."""
    what = _next(worker)
    name, last = steps[-1] if steps else (worker.session.name, what)
    first = worker is workers[0]
    if first and name != worker.session.name and _indifferent(last, what):
        return []
    rolled_back = any(done == "rolls back" for _, done in steps)
    return list(ENDS) if what == "commits" and not rolled_back else [what]


def _next(worker: Worker) -> What:
    assert worker.next
    return worker.next


def _indifferent(one: What, other: What) -> bool:
    """Nobody sees what is not committed, and two commits do not meet."""
    return (
        (one == "reads" and other in ("reads", "executes"))
        or (one == "executes" and other == "reads")
        or (one in ENDS and other in ENDS)
    )
