"""Start the moto process and wait until it serves."""

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path

from local_stack.cloud.plan import CloudPlan
from local_stack.errors import StackError
from local_stack.processes import Children

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",  # moto wants one and checks none
    "AWS_SESSION_TOKEN": "local",
}


async def start(
    children: Children,
    plan: CloudPlan,
    listener: socket.socket,
    state_dir: Path | None,
    keep_open: int | None,
) -> asyncio.subprocess.Process:
    """`keep_open` is the data directory's lock: it holds until the last state is written."""
    argv = [sys.executable, "-m", "local_stack.cloud.moto_process", "--listen-fd", str(listener.fileno())]
    if state_dir:
        argv += ["--state-dir", str(state_dir)]
    process = await children.start(
        argv,
        env={**os.environ, "MOTO_ACCOUNT_ID": plan.account_id, **CREDENTIALS},
        ends_on=signal.SIGTERM,  # it writes what is not yet on the disk
        pass_fds=[listener.fileno(), *([] if keep_open is None else [keep_open])],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - asked for above
    process.stdin.write(plan.model_dump_json().encode())
    process.stdin.close()
    if await process.stdout.readline() != b"ready\n":
        raise StackError(f"moto did not start: exit status {await process.wait()}; its own words are above")
    return process
