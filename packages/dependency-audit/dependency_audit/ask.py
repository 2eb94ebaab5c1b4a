"""Runs the client of a registry with a time limit."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dependency_audit.answer import NoAnswer

SOCKET_S = 10
"""Seconds without data from a registry that has accepted a connection."""

ONE_S, ALL_S = 20, 35
"""Seconds for the query of one package, and of all: the whole audit stays below a minute."""


def json_of(command: Sequence[str], root: Path, limit_s: int) -> dict[str, Any]:
    """The object that the command prints. Its exit status is ignored: a vulnerability sets it too. Raises NoAnswer."""
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=root, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"no answer from {command[0]} within {limit_s} s") from None
    try:
        printed = json.loads(done.stdout)
    except ValueError:
        errors = done.stderr.strip().splitlines() or ["it printed nothing"]
        raise NoAnswer(f"{command[0]}: {errors[-1]}") from None
    if not isinstance(printed, dict):
        raise NoAnswer(f"{command[0]} did not print a JSON object")
    return printed
