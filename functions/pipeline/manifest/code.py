"""Handlers, routes, AWS clients and policy."""

import ast
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from pipeline.manifest.facts import AwsClient, Handler, Routes, SqlStatement
from pipeline.manifest.places import PACKAGE, handler_of, path_of

API = PACKAGE / "jobs" / "handlers" / "api.py"
WORKER = PACKAGE / "jobs" / "handlers" / "worker.py"
REQUEST_HEADERS = ("authorization", "content-type", "idempotency-key")
"""Headers that clients send, in lower case. Browsers ask for permission to send them."""


def handlers() -> Iterator[Handler]:
    """Every module of a ``handlers`` folder that defines ``handler``. Parsed, not imported."""
    for file in sorted(PACKAGE.glob("*/handlers/*.py")):
        try:
            body = ast.parse(file.read_text(encoding="utf-8")).body
        except SyntaxError:
            continue
        for statement in body:
            match statement:
                case ast.FunctionDef(name="handler") | ast.Assign(targets=[ast.Name(id="handler")]):
                    yield {"handler": handler_of(file), "file": path_of(file), "line": statement.lineno}


def routes() -> Routes:
    """The routes that the API's handler answers."""
    declared = list(import_module("pipeline.jobs.handlers.api").ROUTES)
    return {
        "handler": handler_of(API),
        "file": path_of(API),
        "keys": [key for route in declared for key in route.gateway_keys],
        "public": [key for route in declared if route.public for key in route.gateway_keys],
    }


def aws_clients() -> Iterator[AwsClient]:
    """Every function of ``platform.aws`` that returns a client, with the configuration of the client it builds."""
    aws = import_module("pipeline.platform.aws")
    for name, cached in vars(aws).items():
        build = inspect.unwrap(cached) if callable(cached) else None
        if not inspect.isfunction(build) or not str(build.__annotations__.get("return")).endswith("Client"):
            continue
        meta = cached().meta
        retries = meta.config.retries or {}
        yield {
            "name": name,
            "service": meta.service_model.service_name,
            "connect_s": meta.config.connect_timeout,
            "read_s": meta.config.read_timeout,
            "attempts": retries.get("total_max_attempts") or retries.get("max_attempts", 4) + 1,
            "file": path_of(inspect.getfile(build)),
            "line": _line_of(build),
        }


def statements() -> list[SqlStatement]:
    """Every SQL statement in the ``.sql`` files of the package."""
    found = import_module("pipeline.platform.sql").all_statements(PACKAGE)
    return [{"name": one.name, "file": path_of(one.file), "line": one.line, "text": one.text} for one in found]


def _line_of(function: Callable[..., object]) -> int:
    """The line of the ``def``, below the decorators."""
    lines, first = inspect.getsourcelines(function)
    return first + next(number for number, line in enumerate(lines) if line.startswith("def "))


def policy() -> dict[str, Any]:
    """Every timeout, attempt count, delay and margin, by subject."""
    return dataclasses.asdict(import_module("pipeline.platform.policy").current())
