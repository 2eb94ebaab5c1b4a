"""Asking with a registry's own client, which must not take for ever."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dependency_audit.answer import NoAnswer

SOCKET_S = 10
"""For a registry that accepts a connection and then says nothing."""

ONE_S, ALL_S = 20, 35
"""For the question about one package, and for that about all: together the audit stays below a minute."""


def json_of(command: Sequence[str], root: Path, longest: int) -> dict[str, Any]:
    """The object that the command prints, whatever its exit status: a known fault is one too. Raises NoAnswer."""
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=root, capture_output=True, text=True, timeout=longest, check=False
        )
    except subprocess.TimeoutExpired:
        raise NoAnswer(f"no answer from {command[0]} within {longest} s") from None
    try:
        printed = json.loads(done.stdout)
    except ValueError:
        said = done.stderr.strip().splitlines() or ["it printed nothing"]
        raise NoAnswer(f"{command[0]}: {said[-1]}") from None
    if not isinstance(printed, dict):
        raise NoAnswer(f"{command[0]} printed no object")
    return printed
