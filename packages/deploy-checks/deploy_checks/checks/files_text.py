"""Reads files for the checks: text with line numbers, and metadata that may be broken."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TYPESCRIPT = ("*.ts", "infra/**/*.ts")
"""The files that SST bundles into the program that it runs."""


def text_of(root: Path, file: str) -> str:
    """The file's text without a byte order mark; empty if the file is missing."""
    path = root / file
    return path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""


def line_of(text: str, pattern: str) -> int:
    """The line of the first match, or 1."""
    found = re.search(pattern, text, re.MULTILINE)
    return line_at(text, found.start()) if found else 1


def line_at(text: str, offset: int) -> int:
    """The line of the character at the offset."""
    return text.count("\n", 0, offset) + 1


def toml_of(root: Path, file: str) -> dict[str, Any]:
    """The file's content; empty if it is missing or broken, which ``project-file-broken`` reports."""
    try:
        return tomllib.loads(text_of(root, file))
    except tomllib.TOMLDecodeError:
        return {}


def projects(root: Path) -> list[str]:
    """The pyproject.toml files of the root and of the folders directly below it."""
    found = [*root.glob("pyproject.toml"), *sorted(root.glob("*/pyproject.toml"))]
    return [str(path.relative_to(root)) for path in found]


def program_files(root: Path) -> Iterator[tuple[str, str]]:
    """Name and text of each TypeScript file of the stack."""
    for pattern in TYPESCRIPT:
        for path in sorted(root.glob(pattern)):
            name = str(path.relative_to(root))
            yield name, text_of(root, name)


def environment_file(root: Path) -> dict[str, str]:
    """The variables of ``.env``, which SST reads before anything else."""
    pairs = re.findall(r"^\s*(?:export\s+)?(\w+)\s*=\s*[\"']?([^\"'\s#]*)", text_of(root, ".env"), re.MULTILINE)
    return dict(pairs)
