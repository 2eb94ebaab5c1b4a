"""Start the stand-in for Amazon Bedrock's runtime, and wait until it serves."""

import asyncio
import os
import signal
import socket
import sys
from dataclasses import dataclass

import aiohttp

from local_stack.errors import StackError
from local_stack.processes import Children

READY_WITHIN_SECONDS = 30
_COMMAND = (sys.executable, "-m", "bedrock_emulator", "--host", "127.0.0.1")


@dataclass(frozen=True)
class EmulatorOptions:
    """Passed on as they are; their meaning is the emulator's."""

    plan: str | None = None
    latency_ms: int | None = None
    forward_to: str | None = None
    forward_model: str | None = None

    def arguments(self) -> list[str]:
        given = {
            "--plan": self.plan,
            "--latency-ms": self.latency_ms,
            "--forward-to": self.forward_to,
            "--forward-model": self.forward_model,
        }
        return [part for name, value in given.items() if value is not None for part in (name, str(value))]


def free_port() -> int:
    """The emulator takes a number, not a socket; nothing keeps others from the port until it binds it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def start(children: Children, options: EmulatorOptions, port: int) -> asyncio.subprocess.Process:
    process = await children.start(
        [*_COMMAND, "--port", str(port), *options.arguments()],
        env=dict(os.environ),
        ends_on=signal.SIGTERM,
        stdout=asyncio.subprocess.DEVNULL,  # stdout is for results only
    )
    async with aiohttp.ClientSession() as session, asyncio.timeout(READY_WITHIN_SECONDS):
        while True:
            if process.returncode is not None:
                raise StackError(
                    f"the Bedrock emulator ended with status {process.returncode}; its own words are above"
                )
            try:
                async with session.get(f"http://127.0.0.1:{port}/_emulator/health") as answer:
                    if answer.status == 200:
                        return process
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.02)
