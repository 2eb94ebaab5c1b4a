"""What is done to processes: killed, frozen, hung, terminated, each at its moment of the plan."""

import asyncio
import contextlib
import itertools
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator

from chaos_harness.history import Strike
from chaos_harness.pace import Pace
from chaos_harness.plan import Moment, Plan
from chaos_harness.proxies.flights import Flight, Flights
from chaos_harness.proxies.postgres import PostgresProxy
from chaos_harness.proxies.requests import Sent
from chaos_harness.stack import Stack

TARGET_WITHIN_S = 20.0
"""How long a driver waits for something to strike: a job in a model call, a request to the API."""

LOOK_EVERY_S = 0.02
FROZEN_FOR_LEASES = 2.0
WAKE_AT_WORST = 0.7
BACKEND_HANGS_S = 3.0
"""Twice as long as a client waits at this pace."""

RECOVERED_WITHIN_S = 20.0
API = "ApiHandlerFunction"
TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name <> 'chaos'
"""


class Drivers:
    """Carries out the moments of a plan, and counts those that had an effect."""

    def __init__(
        self, plan: Plan, pace: Pace, lease: float, stack: Stack, flights: Flights, database: PostgresProxy
    ) -> None:
        self._plan = plan
        self._rng = random.Random(f"{plan.seed}/freeze")  # noqa: S311 - a plan must be the same each time
        self._lease = pace.of(lease)
        self._stack = stack
        self._flights = flights
        self._database = database
        self._every_other = itertools.cycle([False, True])
        self._one_outage = asyncio.Lock()  # a stopped backend would hold up a crash's recovery
        self._struck: set[int] = set()
        self._kill_api: list[bool] = []  # each: whether when its message is sent
        self.strikes: list[Strike] = []
        self.bites: Counter[str] = Counter()

    async def run(self, accepted: Callable[[], int]) -> None:
        """Until every moment has come and passed."""
        async with asyncio.TaskGroup() as striking:
            for moment in self._plan.moments():
                while accepted() < moment.after_jobs:
                    await asyncio.sleep(LOOK_EVERY_S)
                striking.create_task(self._strike(moment))

    def kills(self, sent: Sent, *, done: bool) -> bool:
        """Asked by the proxy before and after it carries out a request: whether its sender dies of it."""
        if not self._kill_api or sent.operation != "SendMessage" or sent.function != API or not sent.process:
            return False
        if self._kill_api[0] is not done:
            return False
        self._kill_api.pop(0)
        with contextlib.suppress(ProcessLookupError):
            os.kill(sent.process, signal.SIGKILL)
            self.bites["api-kill"] += 1
        return True

    async def _strike(self, moment: Moment) -> None:
        match moment.fault:
            case "kill-worker":
                await self._kill_worker()
            case "freeze-worker":
                await self._freeze_worker()
            case "api-kill":
                self._kill_api.append(next(self._every_other))
            case "postgres-crash":
                await self._crash()
            case "postgres-terminate":
                await self._terminate()
            case "postgres-hang":
                await self._hang()

    async def _kill_worker(self) -> None:
        if flight := await self._target():
            self._note("kill-worker", flight)
            _signal(flight.worker, signal.SIGKILL)
            self.bites["kill-worker"] += 1

    async def _freeze_worker(self) -> None:
        if flight := await self._target():
            self._note("freeze-worker", flight)
            with _stopped(flight.worker):
                await self._sleep_on(flight)
            self._struck.discard(flight.worker)

    async def _sleep_on(self, flight: Flight) -> None:
        """Most wake at the worst moment: when another worker is at the job. The others when it has long been done."""
        at_worst = self._rng.random() < WAKE_AT_WORST
        if at_worst:
            self._flights.slow.add(flight.job_id)
        end = time.monotonic() + self._lease * FROZEN_FOR_LEASES
        while time.monotonic() < end:
            await asyncio.sleep(LOOK_EVERY_S)
            if at_worst and any(
                other.job_id == flight.job_id and other.attempt > flight.attempt for other in self._flights.under_way()
            ):
                return

    async def _target(self) -> Flight | None:
        """The worker whose model call has just begun: in the middle of it when the signal comes."""
        end = time.monotonic() + TARGET_WITHIN_S
        while time.monotonic() < end:
            found = [f for f in self._flights.under_way() if f.worker and f.worker not in self._struck]
            if found:
                flight = found[-1]
                self._struck.add(flight.worker)
                return flight
            await asyncio.sleep(LOOK_EVERY_S)
        return None

    def _note(self, fault: str, flight: Flight) -> None:
        self.strikes.append(Strike(fault=fault, at=time.time(), job_id=flight.job_id, attempt=flight.attempt))

    async def _crash(self) -> None:
        async with self._one_outage:
            if backend := await self._backend():
                before = self._database.seen.cut_by_server
                _signal(backend, signal.SIGKILL)
                await self._recovered()
                self.bites["postgres-crash"] += int(self._database.seen.cut_by_server > before)

    async def _terminate(self) -> None:
        async with self._one_outage:
            before = self._database.seen.cut_by_server
            with contextlib.suppress(Exception):  # whatever it is, a terminate that failed has not bitten
                await asyncio.to_thread(self._stack.rows, TERMINATE)
            await asyncio.sleep(LOOK_EVERY_S)
            self.bites["postgres-terminate"] += int(self._database.seen.cut_by_server > before)

    async def _hang(self) -> None:
        async with self._one_outage:
            end = time.monotonic() + TARGET_WITHIN_S
            while time.monotonic() < end and (backend := await self._backend()):
                with _stopped(backend):
                    await asyncio.sleep(BACKEND_HANGS_S)
                if self._database.seen.abandoned[backend]:
                    self.bites["postgres-hang"] += 1
                    return

    async def _backend(self) -> int:
        """One that serves a function; preferably one that is at it."""
        end = time.monotonic() + TARGET_WITHIN_S
        while time.monotonic() < end:
            links = sorted((link for link in self._database.links if link.backend), key=lambda link: not link.waiting)
            if links:
                return links[0].backend
            await asyncio.sleep(LOOK_EVERY_S)
        return 0

    async def _recovered(self) -> None:
        end = time.monotonic() + RECOVERED_WITHIN_S
        while time.monotonic() < end:
            await asyncio.sleep(0.1)
            with contextlib.suppress(Exception):  # not yet
                await asyncio.to_thread(self._stack.rows, "SELECT 1")
                return


@contextlib.contextmanager
def _stopped(process: int) -> Iterator[None]:
    """It goes on whatever happens: nobody else would ever wake it."""
    _signal(process, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(process, signal.SIGCONT)


def _signal(process: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended by itself
        os.kill(process, signum)
