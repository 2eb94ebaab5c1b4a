"""Runs one function as Lambda would, and reports the results. ``probe`` starts it in an interpreter that has only the
function's archive, the SDK of Lambda's runtime and the function's environment.

Reads a question from standard input, and writes the results to the file that it names, both as JSON. It needs only the
standard library, and runs on every Python that Lambda offers.
"""

from __future__ import annotations

import decimal
import importlib
import json
import os
import socket
import sys
import time
import traceback
from pathlib import Path
from typing import Any

READS: list[dict[str, Any]] = []  # of environment variables, by the function's own code
OWN: set[str] = set()  # absolute paths of the function's own files: those that no distribution brought
RAISED: list[dict[str, Any]] = []  # the errors of this call that went through them, handled or not


def record(name: str, how: str) -> None:
    """Record that the function's code reads a variable. Reads by dependencies are ignored."""
    frame = sys._getframe(2)
    while frame.f_back and Path(frame.f_code.co_filename).name in ("os.py", "_collections_abc.py", "<frozen os>"):
        frame = frame.f_back
    if frame.f_code.co_filename in OWN:
        READS.append({"name": name, "how": how, "file": frame.f_code.co_filename, "line": frame.f_lineno})


def watch_environment() -> None:
    """Record every variable that is read, and how."""
    kind: Any = type(os.environ)
    plain = kind.__getitem__

    def item(self: Any, name: str) -> str:
        record(name, "item")
        return str(plain(self, name))

    def get(self: Any, name: str, default: Any = None) -> Any:
        record(name, "get" if default is None else "default")
        try:
            return plain(self, name)
        except KeyError:
            return default

    def contains(self: Any, name: str) -> bool:
        record(name, "contains")
        try:
            plain(self, name)
        except KeyError:
            return False
        return True

    kind.__getitem__, kind.get, kind.__contains__ = item, get, contains


def cut_off() -> None:
    """Disable the network, and shorten all waits."""
    connect, sleep, resolve = socket.socket.connect, time.sleep, socket.getaddrinfo

    def refused(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and str(address[0]) in ("127.0.0.1", "::1", "localhost"):
            return connect(self, address)
        raise ConnectionRefusedError("there is no network in a rehearsal")

    def unresolved(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host in ("127.0.0.1", "localhost", "::1", None):
            return resolve(host, port, *rest, **more)
        raise socket.gaierror(socket.EAI_NONAME, "there is no network in a rehearsal")

    patched: Any = socket
    patched.getaddrinfo, patched.socket.connect = unresolved, refused
    time.sleep = lambda seconds: sleep(min(float(seconds), 0.005))


def keep_read_only(root: str) -> None:
    """Make the archive's folder read-only, as on Lambda."""

    def opened(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and isinstance(arguments[2], int):
            path = str(Path(arguments[0]).absolute())
            if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and path.startswith(f"{root}/"):
                raise OSError(30, "Read-only file system", path)

    sys.addaudithook(opened)


def watch_errors() -> None:
    """Record every error at the first line of the function's code that it passes through."""
    monitoring = getattr(sys, "monitoring", None)  # Python 3.12 and newer
    if monitoring is None:
        return
    known: list[BaseException] = []

    def raised(code: Any, _offset: int, error: BaseException) -> None:
        if code.co_filename in OWN and isinstance(error, Exception) and not any(error is each for each in known):
            known.append(error)
            RAISED.append(
                {
                    **description_of(error),
                    "own_type": sys.modules[type(error).__module__].__dict__.get("__file__") in OWN,
                }
            )

    monitoring.use_tool_id(monitoring.PROFILER_ID, "pre-deploy")
    monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.RAISE, raised)
    monitoring.set_events(monitoring.PROFILER_ID, monitoring.events.RAISE)


class Context:
    """The parts of Lambda's context object that functions use."""

    aws_request_id = "00000000-0000-4000-8000-000000000001"
    function_version = "$LATEST"
    log_stream_name = "rehearsal"
    client_context = None
    identity = None

    def __init__(self, values: dict[str, Any]) -> None:
        self.function_name = values["function_name"]
        self.memory_limit_in_mb = values["memory"]
        self.invoked_function_arn = values["arn"]
        self.log_group_name = values["log_group"]
        self._ends = time.monotonic() + values["timeout"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the timeout."""
        return int(1000 * max(0, self._ends - time.monotonic()))


def description_of(error: BaseException) -> dict[str, Any]:
    """The error with its causes, and the last line of the function's code that it passed through."""
    chain: list[dict[str, Any]] = []
    here: BaseException | None = error
    while here is not None and len(chain) < 10:
        chain.append({"type": type(here).__name__, "message": str(here), "name": getattr(here, "name", None)})
        here = here.__cause__ or here.__context__
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in OWN]
    line = own[-1].lineno if own else 1
    return {"chain": chain, "file": own[-1].filename if own else None, "line": line}


def number(value: object) -> float:
    """Convert values that JSON lacks, as Lambda's runtime does. Raises TypeError for others."""
    if isinstance(value, decimal.Decimal):  # the only type that it converts
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def optional_settings() -> list[str]:
    """Variables with a default: optional fields of pydantic models in the function's code."""
    names: set[str] = set()
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) not in OWN:
            continue
        for model in list(vars(module).values()):
            fields = getattr(model, "model_fields", None) if isinstance(model, type) else None
            for name, field in (fields or {}).items():
                if not field.is_required():
                    names.add(name.upper())
    return sorted(names)


def answer_to(handler: Any, event: Any, context: Context) -> dict[str, Any]:
    """The handler's answer, or its error."""
    started = time.monotonic()
    RAISED.clear()
    try:
        value = handler(event, context)
    except BaseException as exc:  # noqa: BLE001 - every error is a result
        outcome: dict[str, Any] = {"error": description_of(exc)}
    else:
        try:
            outcome = {"value": json.loads(json.dumps(value, default=number))}
        except Exception as exc:  # noqa: BLE001 - as above
            outcome = {"unserialisable": f"{type(exc).__name__}: {exc}"}
    sys.stdout.flush()
    theirs = [error for error in RAISED if not error["own_type"]] or RAISED
    return {**outcome, "raised": theirs[-1] if theirs else None, "seconds": time.monotonic() - started}


def main() -> None:
    """Import the handler, call it with each event, and write the results."""
    question = json.load(sys.stdin)
    OWN.update(question["own"])
    sys.path[:0] = [question["task_root"]]
    sys.path.append(question["runtime"])
    os.chdir(question["task_root"])
    watch_environment()
    watch_errors()
    cut_off()
    result: dict[str, Any] = {"import_error": None, "answers": [], "reads": READS, "optional": []}
    module, _, name = question["handler"].rpartition(".")
    try:
        handler = getattr(importlib.import_module(module.replace("/", ".")), name)
    except BaseException as exc:  # noqa: BLE001 - as above
        result["import_error"] = description_of(exc)
    else:
        keep_read_only(question["task_root"])
        context = Context(question["context"])
        result["answers"] = [answer_to(handler, event, context) for event in question["events"]]
        result["optional"] = optional_settings()
    Path(question["result"]).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
