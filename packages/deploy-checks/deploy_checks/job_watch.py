"""Runs as ``sitecustomize.py`` beside a function's code during a real job: reports every error that passes through the
function's code, handled or not, so that a finding can name its line.

The functions' log omits error messages on purpose, and a retried error leaves no trace.
"""

import json
import os
import re
import sys
from pathlib import Path
from types import CodeType
from typing import Any

MARK = "pre-deploy-raised "
OUTSIDE = "pre-deploy-outside "
ROOT = os.environ.get("LAMBDA_TASK_ROOT", "")
PACKAGE = os.environ.get("_HANDLER", "").partition("/")[0]
"""The first folder of the handler's path: the function's code. Everything else is a dependency."""
OWN = f"{ROOT}/{PACKAGE}/"
LOCAL = re.compile(r"localhost|127\.[\d.]+|::1")
_reported: list[BaseException] = []


def _raised(code: CodeType, _offset: int, error: BaseException) -> None:
    """Called first for the innermost frame of the function's code."""
    is_error = isinstance(error, Exception) and not isinstance(error, StopIteration)
    if is_error and code.co_filename.startswith(OWN) and not any(error is known for known in _reported):
        _reported[:] = [*_reported[-20:], error]
        frames, here = [], error.__traceback__
        while here:
            frames.append((here.tb_frame.f_code, here.tb_lineno))
            here = here.tb_next
        line = next((line for frame, line in reversed(frames) if frame is code), code.co_firstlineno)
        at = {"file": code.co_filename.removeprefix(f"{ROOT}/"), "line": line}
        own = type(error).__module__.startswith(f"{PACKAGE}.")
        report = {**at, "type": type(error).__name__, "message": str(error)[:500], "own_type": own}
        sys.stderr.write(f"{MARK}{json.dumps(report)}\n")
        sys.stderr.flush()


def _opened(event: str, arguments: tuple[Any, ...]) -> None:
    """The archive's folder is read-only, as on Lambda."""
    if event == "open" and isinstance(arguments[0], str) and isinstance(arguments[2], int):
        path = str(Path(arguments[0]).absolute())
        if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and path.startswith(f"{ROOT}/"):
            raise OSError(30, "Read-only file system", path)


def _connected(event: str, arguments: tuple[Any, ...]) -> None:
    """No connection leaves this machine: a check must not have effects elsewhere."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    if name and not LOCAL.fullmatch(name):
        sys.stderr.write(f"{OUTSIDE}{name}\n")
        sys.stderr.flush()
        raise ConnectionRefusedError(111, "pre-deploy allows no connections to other machines", name)


if ROOT:
    sys.addaudithook(_opened)
    sys.addaudithook(_connected)
    sys.monitoring.use_tool_id(sys.monitoring.PROFILER_ID, "pre-deploy")
    sys.monitoring.register_callback(sys.monitoring.PROFILER_ID, sys.monitoring.events.RAISE, _raised)
    sys.monitoring.set_events(sys.monitoring.PROFILER_ID, sys.monitoring.events.RAISE)
