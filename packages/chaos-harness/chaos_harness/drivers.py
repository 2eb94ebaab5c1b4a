"""Injects the faults of processes at the moments of the plan: kills, freezes, hangs, terminated connections."""

import asyncio
import contextlib
import itertools
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator

from chaos_harness.history import WorkerFault
from chaos_harness.pace import Pace
from chaos_harness.plan import Moment, Plan
from chaos_harness.product import Product
from chaos_harness.proxies.flights import Flight, Flights
from chaos_harness.proxies.outages import ENOUGH_CALLS, Outages
from chaos_harness.proxies.postgres import PostgresProxy
from chaos_harness.proxies.requests import Sent
from chaos_harness.stack import Stack

TARGET_WITHIN_S = 20.0
"""Longest wait for a target: a job in a model call, a request to the API."""

LOOK_EVERY_S = 0.02
FROZEN_FOR_LEASES = 2.0
"""Longest freeze of a worker, in leases."""

WAKE_AT_WORST = 0.7
"""Share of frozen workers that continue while another worker has their job."""

BACKEND_HANGS_S = 3.0
"""Twice as long as a client waits at this pace."""

RECOVERED_WITHIN_S = 20.0
TERMINATE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND application_name <> 'chaos'
"""


class Drivers:
    """Injects the faults of a plan, and counts those that took effect."""

    def __init__(
        self,
        plan: Plan,
        pace: Pace,
        product: Product,
        stack: Stack,
        flights: Flights,
        outages: Outages,
        database: PostgresProxy,
    ) -> None:
        self._plan = plan
        self._rng = random.Random(f"{plan.seed}/freeze")  # noqa: S311 - reproducible
        self._lease = pace.of(product.LEASE_S)
        self._api = f"{product.FUNCTIONS.api}Function"
        self._stack = stack
        self._flights = flights
        self._outages = outages
        self._database = database
        self._every_other = itertools.cycle([False, True])
        self._one_outage = asyncio.Lock()  # a stopped backend would delay the recovery of a crash
        self._targeted: set[int] = set()  # workers with a fault
        self._kill_api: list[bool] = []  # for each kill: whether after the message is sent
        self.worker_faults: list[WorkerFault] = []
        self.took_effect: Counter[str] = Counter()

    async def run(self, accepted: Callable[[], int]) -> None:
        """Inject every fault of the plan."""
        async with asyncio.TaskGroup() as injecting:
            for moment in self._plan.moments():
                while accepted() < moment.after_jobs:
                    await asyncio.sleep(LOOK_EVERY_S)
                injecting.create_task(self._inject(moment))

    def kills(self, sent: Sent, *, done: bool) -> bool:
        """Kill the sender of a request if a kill is due. The proxy asks before and after it executes a request."""
        if not self._kill_api or sent.operation != "SendMessage" or sent.function != self._api or not sent.process:
            return False
        if self._kill_api[0] is not done:
            return False
        self._kill_api.pop(0)
        with contextlib.suppress(ProcessLookupError):
            os.kill(sent.process, signal.SIGKILL)
            self.took_effect["api-kill"] += 1
        return True

    async def _inject(self, moment: Moment) -> None:
        match moment.fault:
            case "kill-worker":
                await self._kill_worker()
            case "freeze-worker":
                await self._freeze_worker()
            case "bedrock-outage":
                self.took_effect[moment.fault] += int(await self._outages.strike() >= ENOUGH_CALLS)
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
            self.took_effect["kill-worker"] += 1

    async def _freeze_worker(self) -> None:
        if flight := await self._target():
            self._note("freeze-worker", flight)
            with _stopped(flight.worker):
                await self._sleep_on(flight)
            self._targeted.discard(flight.worker)

    async def _sleep_on(self, flight: Flight) -> None:
        """Wait for the end of a freeze: mostly until another worker has the job, otherwise longer."""
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
        """The latest model call of a worker without a fault; ``None`` if none begins in time."""
        end = time.monotonic() + TARGET_WITHIN_S
        while time.monotonic() < end:
            found = [f for f in self._flights.under_way() if f.worker and f.worker not in self._targeted]
            if found:
                flight = found[-1]
                self._targeted.add(flight.worker)
                return flight
            await asyncio.sleep(LOOK_EVERY_S)
        return None

    def _note(self, fault: str, flight: Flight) -> None:
        self.worker_faults.append(
            WorkerFault(fault=fault, at=time.time(), job_id=flight.job_id, attempt=flight.attempt)
        )

    async def _crash(self) -> None:
        async with self._one_outage:
            if backend := await self._backend():
                before = self._database.seen.cut_by_server
                _signal(backend, signal.SIGKILL)
                await self._recovered()
                self.took_effect["postgres-crash"] += int(self._database.seen.cut_by_server > before)

    async def _terminate(self) -> None:
        async with self._one_outage:
            before = self._database.seen.cut_by_server
            with contextlib.suppress(Exception):  # a failed statement had no effect
                await asyncio.to_thread(self._stack.rows, TERMINATE)
            await asyncio.sleep(LOOK_EVERY_S)
            self.took_effect["postgres-terminate"] += int(self._database.seen.cut_by_server > before)

    async def _hang(self) -> None:
        async with self._one_outage:
            end = time.monotonic() + TARGET_WITHIN_S
            while time.monotonic() < end and (backend := await self._backend()):
                with _stopped(backend):
                    await asyncio.sleep(BACKEND_HANGS_S)
                if self._database.seen.abandoned[backend]:
                    self.took_effect["postgres-hang"] += 1
                    return

    async def _backend(self) -> int:
        """The process id of a backend that serves a function, preferably a busy one; 0 if there is none."""
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
            with contextlib.suppress(Exception):  # the server is still recovering
                await asyncio.to_thread(self._stack.rows, "SELECT 1")
                return


@contextlib.contextmanager
def _stopped(process: int) -> Iterator[None]:
    """Stop a process. It continues after the block, also if the block raises."""
    _signal(process, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(process, signal.SIGCONT)


def _signal(process: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has already ended
        os.kill(process, signum)
