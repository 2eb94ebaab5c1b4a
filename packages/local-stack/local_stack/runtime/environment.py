"""One execution environment: a process with AWS's own runtime client, fed through the runtime API.

It runs one invocation at a time and ends for good when its process ends, its time is up, or it answers
something that Lambda would not accept. No other environment shares the process.
"""

import asyncio
import signal
import sys
import time

from local_stack import output, processes
from local_stack.resources import Function
from local_stack.runtime import invocation as inv
from local_stack.runtime.settings import Platform, variables

# Lambda allows 10 s, on a separate machine. Here several functions start together on few cores.
INIT_LIMIT_SECONDS = 30


class Environment:
    def __init__(self, children: processes.Children, function: Function, platform: Platform) -> None:
        self.function = function
        self._children = children
        self._platform = platform
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._given = asyncio.Event()
        self._todo: inv.Invocation | None = None
        self._current: inv.Invocation | None = None
        self._start_hung = False
        self._init_error: bytes | None = None
        self._watch: asyncio.Task[None] | None = None
        self.deadline_ms = 0
        self.ended = asyncio.Event()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self, runtime_api: str) -> None:
        self._process = await self._children.start(
            [sys.executable, "-m", "awslambdaric", self.function.handler],
            env=variables(self.function, self._platform, runtime_api),
            cwd=self._platform.task_root,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self._watch = asyncio.create_task(self._until_it_ends(self._process))

    async def invoke(self, event: bytes) -> inv.InvocationResult:
        self._current = current = inv.Invocation(event)
        try:
            if not await self.started():
                return self._not_started(current)
            self.deadline_ms = int((time.time() + self.function.timeout) * 1000)
            self._todo = current
            self._given.set()
            async with asyncio.timeout(self.function.timeout):
                return await current.result
        except TimeoutError:
            self.kill()
            return inv.timed_out(current.request_id, self.function.timeout)
        finally:
            self._current = None

    def kill(self) -> None:
        if self._process:
            processes.signal_group(self._process, signal.SIGKILL)
        self.ended.set()

    async def wait_ended(self) -> None:
        if self._watch:
            await self._watch

    # Called by the runtime API, on behalf of the process.

    async def next_invocation(self) -> inv.Invocation:
        self._ready.set()
        await self._given.wait()
        self._given.clear()
        assert self._todo is not None  # noqa: S101 - set together with the event
        return self._todo

    def answer(self, request_id: str, result: inv.InvocationResult) -> bool:
        """False when it is not the invocation that runs here."""
        if self._current is None or self._current.request_id != request_id:
            return False
        self._current.finish(result)
        return True

    def fail_init(self, report: bytes) -> None:
        self._init_error = report

    async def started(self) -> bool:
        """Waits until it is ready for an invocation; False when it will not be."""
        waits = [asyncio.create_task(event.wait()) for event in (self._ready, self.ended)]
        done, pending = await asyncio.wait(waits, timeout=INIT_LIMIT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        if not done:
            self._start_hung = True
            self.kill()
        return self._ready.is_set() and not self.ended.is_set()

    def _not_started(self, current: inv.Invocation) -> inv.InvocationResult:
        if self._init_error is not None:
            return inv.init_failed(self._init_error)
        if self._start_hung:
            return inv.init_timed_out(current.request_id, INIT_LIMIT_SECONDS)
        status = self._process.returncode if self._process else None
        return inv.exited(current.request_id, -signal.SIGKILL if status is None else status)

    async def _until_it_ends(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 - asked for at the start
        relay = asyncio.create_task(output.relay(process.stdout, self.function.name))
        status = await process.wait()
        processes.kill_rest_of_group(process)
        self.ended.set()
        if self._current:
            self._current.finish(inv.exited(self._current.request_id, status))
        await relay
