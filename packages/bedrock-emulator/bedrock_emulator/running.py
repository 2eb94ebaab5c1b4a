"""An emulator in its own process, for tests and for the local stack."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from bedrock_emulator.documents import Document
from bedrock_emulator.errors import PlanError

_READY = re.compile(r"http://\S+")
_STOP_SECONDS = 5.0


class RunningEmulator:
    """`url` is what --endpoint-url wants; `log` holds what the process has written to stderr so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log: list[str] = []
        ready = process.stderr.readline() if process.stderr else ""
        found = _READY.search(ready)
        if found is None:
            process.wait(_STOP_SECONDS)
            raise RuntimeError(f"The Bedrock emulator did not start: {ready.strip()}")
        self.url = found.group()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def put_plan(self, plan: Document) -> None:
        """Puts a fault plan in force. Raises PlanError when the emulator refuses it."""
        try:
            self._control("PUT", "plan", plan)
        except HTTPError as exc:
            raise PlanError(json.load(exc)["message"]) from exc

    def reset(self) -> None:
        """No faults, no counted calls."""
        self._control("DELETE", "plan")
        self._control("DELETE", "calls")

    def calls(self) -> Document:
        return self._control("GET", "calls")

    def stop(self) -> int:
        """Ends the process as SIGTERM does; its exit status."""
        self.process.terminate()
        status = self.process.wait(_STOP_SECONDS)
        self._reader.join(_STOP_SECONDS)
        return status

    def _control(self, method: str, name: str, body: Document | None = None) -> Document:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_emulator/{name}", method=method, data=data)  # noqa: S310 - its own URL
        with urlopen(request, timeout=_STOP_SECONDS) as response:  # noqa: S310
            answer: Any = json.load(response)
        return dict(answer)

    def _read_log(self) -> None:
        for line in self.process.stderr or ():
            self.log.append(line)


@contextmanager
def running_emulator(*options: str) -> Iterator[RunningEmulator]:
    """Starts an emulator on a free port with these command-line options, and stops it at the end."""
    command = [sys.executable, "-m", "bedrock_emulator", "--port", "0", *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - this interpreter
    try:
        emulator = RunningEmulator(process)
        yield emulator
        emulator.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(_STOP_SECONDS)
        if process.stderr:
            process.stderr.close()
