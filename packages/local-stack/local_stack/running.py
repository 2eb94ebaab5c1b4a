"""Start a local stack as a process, for tests: until it is ready, with clients, and without leftover processes."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

DEADLINE_SECONDS = 60.0  # for a machine that does other work too; a stack starts in about 5 s


@dataclass
class RunningStack:
    """A stack that serves. `directory` holds its ready file, and what all of its processes print."""

    process: subprocess.Popen[bytes]
    directory: Path
    ready: dict[str, Any] = field(default_factory=dict)

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.ready["api_url"]).netloc, timeout=DEADLINE_SECONDS)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def client(self, service: str) -> Any:
        return aws_client(service, self.ready["aws_endpoint_url"])

    def seen(self) -> list[dict[str, Any]]:
        file = self.directory / "seen"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def log(self) -> str:
        return (self.directory / "output").read_text()

    def processes(self) -> set[int]:
        """Process ids of the stack and of its descendants."""
        return {self.process.pid, *descendants(self.process.pid)}

    def end(self, signum: int = signal.SIGTERM) -> int:
        self.process.send_signal(signum)
        return self.process.wait(DEADLINE_SECONDS)


def aws_client(service: str, endpoint_url: str) -> Any:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "eu-west-1"}
    return boto3.client(service, endpoint_url=endpoint_url, **keys)  # type: ignore[call-overload]


@contextlib.contextmanager
def started[S: RunningStack](
    kind: type[S], directory: Path, argv: list[str], seconds: float = DEADLINE_SECONDS, **environment: str
) -> Iterator[S]:
    """The stack that a command starts, once it is ready; it ends when the block is left. `seconds` bounds the start."""
    ready_file = directory / "ready.json"
    ready_file.unlink(missing_ok=True)
    with (directory / "output").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - the test's own command
            [*argv, "--port", "0", "--ready-file", str(ready_file)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **environment},
        )
    stack = kind(process, directory)
    try:
        until(lambda: ready_file.exists() or process.poll() is not None, seconds)
        if process.poll() is not None:
            raise AssertionError(stack.log())
        stack.ready = json.loads(ready_file.read_text())
        yield stack
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(DEADLINE_SECONDS)


def until[T](condition: Callable[[], T], seconds: float = DEADLINE_SECONDS) -> T:
    """The condition's first true value. Raises AssertionError after `seconds`.

    The pauses grow: a condition that asks the stack costs CPU time that the stack needs.
    """
    end, pause = time.monotonic() + seconds, 0.02
    while not (found := condition()):
        if time.monotonic() >= end:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(pause)
        pause = min(pause * 1.2, 0.3)
    return found


def descendants(pid: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found: set[int] = set()
    todo = [pid]
    while todo:
        for child in children.get(todo.pop(), []):
            found.add(child)
            todo.append(child)
    return found


def alive(pids: set[int]) -> set[int]:
    """The running ones. A zombie, which its parent has not yet collected, does not run."""

    def runs(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
        except OSError:
            return False

    return {pid for pid in pids if runs(pid)}
