"""A function: its environments, started on demand up to its concurrency and reused while they are warm.

Lambda starts an environment for each invocation that finds none free. Where all share a few cores, a start
costs more than most invocations take; so a waiting caller gets the first environment that is free, be it the
one that is started for him or one whose invocation has ended meanwhile.
"""

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable

from local_stack.resources import Function
from local_stack.runtime.environment import Environment
from local_stack.runtime.invocation import InvocationResult

# AWS allows 1,000 for the account by default. A machine that runs everything has to stop earlier.
DEFAULT_CONCURRENCY = 10
CONCURRENT_STARTS = os.cpu_count() or 1

type StartEnvironment = Callable[[Function], Awaitable[Environment]]


class RunningFunction:
    def __init__(self, function: Function, start_environment: StartEnvironment) -> None:
        self.function = function
        reserved = function.reserved_concurrent_executions
        self.concurrency = DEFAULT_CONCURRENCY if reserved is None or reserved < 0 else reserved
        self._start_environment = start_environment
        self._free = asyncio.Semaphore(self.concurrency)
        self._idle: list[Environment] = []
        self._waiting: deque[asyncio.Future[Environment]] = deque()
        self._starts: set[asyncio.Task[None]] = set()
        self._all: list[Environment] = []

    def warm_up(self) -> None:
        """Start the first environment before the first call."""
        self._start_another()

    async def invoke(self, event: bytes) -> InvocationResult:
        """Waits for a free environment where Lambda would throttle: each caller here has its limit."""
        async with self._free:
            environment = await self._take()
            try:
                result = await environment.invoke(event)
            except asyncio.CancelledError:
                environment.kill()
                raise
            if not environment.ended.is_set():
                self._release(environment)
            return result

    def pids(self) -> list[int]:
        return [e.pid for e in self._all if e.pid is not None and not e.ended.is_set()]

    async def stop(self) -> None:
        for start in self._starts:
            start.cancel()
        for environment in self._all:
            environment.kill()
        await asyncio.gather(*(environment.wait_ended() for environment in self._all))

    async def _take(self) -> Environment:
        while self._idle:
            environment = self._idle.pop()
            if not environment.ended.is_set():
                return environment
        place: asyncio.Future[Environment] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        if len(self._starts) < min(CONCURRENT_STARTS, len(self._waiting)):
            self._start_another()
        return await place

    def _release(self, environment: Environment) -> None:
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(environment)
                return
        self._idle.append(environment)

    def _start_another(self) -> None:
        start = asyncio.create_task(self._start())
        self._starts.add(start)
        start.add_done_callback(self._starts.discard)

    async def _start(self) -> None:
        """Until no caller waits. An environment that failed to start is handed over too: its error is the answer."""
        while True:
            try:
                environment = await self._start_environment(self.function)
            except OSError as exc:  # no more processes or sockets: those who wait must not wait for ever
                while self._waiting:
                    self._waiting.popleft().set_exception(exc)
                raise
            self._all = [e for e in self._all if not e.ended.is_set()]
            self._all.append(environment)
            await environment.started()
            self._release(environment)
            if not self._waiting:
                return
