"""Output for people on stderr: progress, and the lines of each part. stdout is for results only."""

import asyncio
import os
import sys

from local_stack.processes import READ_CHUNK_BYTES


def write_line(message: str) -> None:
    _write(f"{message}\n".encode())


def _write(data: bytes) -> None:
    """One write a line, so that lines of several processes do not mix."""
    try:
        sys.stderr.flush()
        os.write(2, data)
    except OSError:
        pass  # stderr is closed; that must not end the stack


async def relay(stream: asyncio.StreamReader, name: str) -> None:
    """Copy a child's lines under its name. Lambda's runtime separates the lines of a traceback by \\r."""
    prefix = f"{name} | ".encode()
    rest = b""
    while chunk := await stream.read(READ_CHUNK_BYTES):
        *lines, rest = (rest + chunk).replace(b"\r", b"\n").split(b"\n")
        _write(b"".join(prefix + line + b"\n" for line in lines if line))
        if len(rest) > READ_CHUNK_BYTES:  # a line without an end must not fill the memory
            _write(prefix + rest + b"\n")
            rest = b""
    if rest:
        _write(prefix + rest + b"\n")
