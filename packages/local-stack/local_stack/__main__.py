"""The command `local-stack`."""

import asyncio
import os
import signal
import sys
import time

from local_stack import foreign_logs, once, output, ready
from local_stack.allocation import Allocation, prepare
from local_stack.errors import StackError
from local_stack.options import Options, parse
from local_stack.stack import STOP_WITHIN_SECONDS, Stack
from local_stack.state_dir import READY


def main(argv: list[str] | None = None) -> int:
    started = time.monotonic()
    options = parse(argv)
    foreign_logs.configure()
    try:
        request = once.read(options.once) if options.once else None
        allocation = prepare(options)
        return asyncio.run(_run(options, allocation, request, started))
    except StackError as exc:
        output.write_line(f"local-stack: {exc}")
        return exc.exit_status
    except KeyboardInterrupt:  # before the event loop listened for it: nothing was started
        return 128 + signal.SIGINT


async def _run(options: Options, allocation: Allocation, request: bytes | None, started: float) -> int:
    stack = Stack(allocation, options)
    asked_to_end = _listen_for_signals(stack)
    work = asyncio.create_task(_work(stack, options, request, started))
    try:
        await asyncio.wait({work, asked_to_end}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
        work.cancel()
        # Bounded: a part that does not notice its cancellation ends when its processes are stopped.
        await asyncio.wait({work}, timeout=STOP_WITHIN_SECONDS)
        if work.done() and not work.cancelled():
            work.exception()
        return 128 + asked_to_end.result() if request is not None else 0
    except ExceptionGroup as exc:
        raise _first_stack_error(exc) from exc
    finally:
        ending = time.monotonic()
        await stack.stop()
        output.write_line(f"ended after {time.monotonic() - ending:.1f} s")


async def _work(stack: Stack, options: Options, request: bytes | None, started: float) -> int:
    await stack.start()
    output.write_line(ready.announcement(stack, options, time.monotonic() - started))
    ready.write(stack, options, stack.allocation.run_dir / READY)
    if options.ready_file:
        ready.write(stack, options, options.ready_file)
    watch = asyncio.create_task(stack.until_a_service_ends())
    result = asyncio.create_task(_serve() if request is None else once.run(stack.allocation.api_url, request))
    try:
        await asyncio.wait({watch, result}, return_when=asyncio.FIRST_COMPLETED)
        if watch.done():
            watch.result()  # raises: a service has ended by itself
        return result.result()
    finally:
        watch.cancel()
        result.cancel()


async def _serve() -> int:
    """Until a signal."""
    await asyncio.Event().wait()
    return 0


def _listen_for_signals(stack: Stack) -> asyncio.Future[int]:
    """The first asks for the end, the second does not wait for it."""
    loop = asyncio.get_running_loop()
    asked: asyncio.Future[int] = loop.create_future()

    def end(signum: int) -> None:
        if asked.done():
            stack.children.kill_all()
            os._exit(128 + signum)
        asked.set_result(signum)
        output.write_line(f"ending on {signal.Signals(signum).name}")

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signum == signal.SIGHUP and signal.getsignal(signum) == signal.SIG_IGN:
            continue  # started by nohup
        loop.add_signal_handler(signum, end, signum)
    return asked


def _first_stack_error(group: ExceptionGroup[Exception]) -> Exception:
    """Of several parts that failed together, the one whose error was written for people."""
    for error in group.exceptions:
        if isinstance(error, StackError):
            return error
    return group


if __name__ == "__main__":
    sys.exit(main())
