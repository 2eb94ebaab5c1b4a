"""Named SQL statements, kept in ``.sql`` files beside the adapters that run them.

A file is a sequence of blocks. Each begins with two comment lines, a name and a description:

    -- name: claim
    -- Starts an attempt of a queued job, or of a running one whose lease has expired.
    UPDATE jobs SET ...
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEADER = re.compile(r"^-- name: (?P<name>[a-z_]+)\n-- (?P<description>\S.*)\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Statement:
    """One block of a file."""

    name: str
    description: str
    text: str
    file: Path
    line: int
    """Of the block's first line, counted from 1."""


class Statements:
    """The blocks of one file, as attributes named like them. Raises ValueError for a malformed file."""

    def __init__(self, file: Path) -> None:
        self._by_name: dict[str, str] = {}
        for statement in read_statements(file):
            if statement.name in self._by_name:
                raise ValueError(f"{file.name}: the name {statement.name} is used twice")
            self._by_name[statement.name] = statement.text

    def __getattr__(self, name: str) -> str:
        try:
            return self._by_name[name]
        except KeyError:
            raise AttributeError(f"no statement named {name}") from None


def read_statements(file: Path) -> Iterator[Statement]:
    """The blocks of one file, in order. Raises ValueError for text outside of blocks, or a block without a name."""
    text = file.read_text(encoding="utf-8")
    headers = list(HEADER.finditer(text))
    if not headers or text[: headers[0].start()].strip() or len(headers) != text.count("-- name:"):
        raise ValueError(f"{file.name}: every block begins with `-- name: ...` and a description")
    for header, end in zip(headers, [*(each.start() for each in headers[1:]), len(text)], strict=True):
        line = text.count("\n", 0, header.start()) + 1
        block = text[header.end() : end].strip()
        block = re.sub(r"\A(?:--.*\n)+", "", block)  # more of the description
        yield Statement(header["name"], header["description"], block, file, line)


def all_statements(package: Path) -> list[Statement]:
    """Every statement of the package, by file and line."""
    return [statement for file in sorted(package.rglob("*.sql")) for statement in read_statements(file)]
