"""Child processes that cannot outlive the stack.

Each child leads its own session, so that Ctrl-C at the terminal reaches only the stack, which then ends
the children in order. On Linux the kernel sends every child a signal when the stack dies, even by SIGKILL
(prctl PR_SET_PDEATHSIG); elsewhere there is no such thing, and only an orderly end is clean.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)

READ_CHUNK_BYTES = 65536


def _dies_with(parent: int, signum: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None

    def before_exec() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
        if os.getppid() != parent:  # it died between the fork and the line above
            os._exit(1)

    return before_exec


class Children:
    """All processes of this stack, so that none is forgotten when a start is broken off."""

    def __init__(self) -> None:
        self._ends_on: dict[asyncio.subprocess.Process, signal.Signals] = {}

    async def start(
        self,
        argv: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        ends_on: signal.Signals = signal.SIGKILL,
        account: int | None = None,
        pass_fds: Sequence[int] = (),
        stdin: int = asyncio.subprocess.DEVNULL,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> asyncio.subprocess.Process:
        """`ends_on` is what ends it in order, and what it gets when the stack dies.

        Must run on the main thread: the kernel's signal comes when the *thread* that forked ends.
        """
        process = await asyncio.create_subprocess_exec(
            *map(str, argv),
            env=env,
            cwd=cwd,
            user=account,
            group=account,
            extra_groups=None if account is None else [],
            pass_fds=pass_fds,
            start_new_session=True,
            preexec_fn=_dies_with(os.getpid(), ends_on),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )
        self._ends_on = {p: s for p, s in self._ends_on.items() if p.returncode is None}
        self._ends_on[process] = ends_on
        return process

    def kill_all(self) -> None:
        for process in self._ends_on:
            signal_group(process, signal.SIGKILL)

    async def stop_all(self, grace_seconds: float) -> None:
        await asyncio.gather(*(_stop(p, signum, grace_seconds) for p, signum in self._ends_on.items()))


def signal_group(process: asyncio.subprocess.Process, signum: signal.Signals) -> None:
    """To the child and what it has started itself."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signum)


def kill_rest_of_group(process: asyncio.subprocess.Process) -> None:
    """Processes that a child may have left behind in its session when it ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def _stop(process: asyncio.subprocess.Process, signum: signal.Signals, grace_seconds: float) -> None:
    """Ask, wait, then kill."""
    signal_group(process, signum)
    try:
        async with asyncio.timeout(grace_seconds):
            await process.wait()
    except TimeoutError:
        signal_group(process, signal.SIGKILL)
        await process.wait()
