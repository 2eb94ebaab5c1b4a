"""The AWS operations that a handler can call, read from its source."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from stack_graph.reachability import Reached

SOURCE_FOLDERS = ("", "functions", "src", "app", "lambda", "handlers", "lib")
"""The folders in which SST looks for a handler's file."""

NAMED_OPERATION = {"generate_presigned_url", "get_paginator", "get_waiter"}
"""Client methods whose first argument is the operation."""

TRANSFERS = {
    "upload_file": "PutObject",
    "upload_fileobj": "PutObject",
    "download_file": "GetObject",
    "download_fileobj": "GetObject",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One operation that a handler can call."""

    service: str
    """botocore's name, such as ``bedrock-runtime``."""
    operation: str
    file: str
    line: int


@cache
def operations(service: str) -> dict[str, str]:
    """Client methods and the operations behind them; nothing for a service that botocore does not know."""
    try:
        model = botocore.session.get_session().get_service_model(service)
    except UnknownServiceError:
        return {}
    return {xform_name(name): name for name in model.operation_names}


@cache
def calls_of(root: Path, handler: str) -> tuple[Call, ...]:
    """The AWS operations that a handler such as ``pipeline/jobs/handlers/api.handler`` can call."""
    reached = reached_from(root, handler)
    calls = set()
    for module, method, text, line in reached.called if reached else ():
        name = text or "" if method in NAMED_OPERATION else method
        file = module.file.relative_to(root).as_posix()
        for service in reached.services if reached else ():
            operation = operations(service).get(name) or (TRANSFERS.get(name) if service == "s3" else None)
            if operation:
                calls.add(Call(service, operation, file, line))
    return tuple(sorted(calls, key=lambda call: (call.service, call.operation, call.file, call.line)))


@cache
def reached_from(root: Path, handler: str) -> Reached | None:
    """The code that a handler reaches; ``None`` if its file is missing."""
    path = handler.rpartition(".")[0]
    base = next((root / folder for folder in SOURCE_FOLDERS if (root / folder / f"{path}.py").is_file()), None)
    return Reached(base, handler) if base else None


def key_prefixes(root: Path, handler: str) -> set[str]:
    """Prefixes of the S3 keys that the handler's code builds: ``results/`` for ``f"results/{id}"``."""
    reached = reached_from(root, handler)
    files = {root / call.file for call in calls_of(root, handler) if call.service == "s3"}
    return {
        str(node.values[0].value)
        for module in (reached.modules if reached else ())
        if module.file in files
        for node in ast.walk(ast.parse(module.file.read_text(encoding="utf-8")))
        if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant)
        if str(node.values[0].value).endswith("/")
    }
