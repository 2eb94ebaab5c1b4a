"""Finds lines in the program that defines the stack."""

import re
from collections.abc import Iterator
from pathlib import Path

from stack_graph.graph import Rehearsed, Resource

NAMED = re.compile(
    r"""["`]([^"`\n]{3,100})["`]|[nN]ot found: (\S+)|(\w+) is deprecated|value for (\w+)|\bv?(\d+\.\d+\.\d+)\b"""
)
"""Names and versions in messages of SST and Pulumi."""
IMPORT = re.compile(r"""\bfrom\s+["'](\.[^"']+)["']""")


def place_of(rehearsed: Rehearsed, resource: Resource, words: str) -> tuple[str, int]:
    """The line with the words (see ``written``), or the resource's own line if no line has them."""
    return written(rehearsed, resource, rf"(?<![\w$]){re.escape(words)}(?!\w)") or (resource.file, resource.line)


def written(rehearsed: Rehearsed, resource: Resource, pattern: str) -> tuple[str, int] | None:
    """The first matching line: file and number; ``None`` if no line matches.

    The search starts at the resource's line in its own file. It continues in the files that this file imports, nearest
    first, and in the two that configure the stage. A line of any other file would be about another resource.
    """
    root, own = rehearsed.root, rehearsed.root / resource.file
    for file in dict.fromkeys((own, *modules_of(own), root / "project.config.ts", root / "sst.config.ts")):
        for number, line in enumerate(_text(file).splitlines(), 1):
            if re.search(pattern, line) and (file != own or number >= resource.line):
                return str(file.relative_to(root)), number
    return None


def named_in(root: Path, message: str) -> tuple[str, int] | None:
    """The first line of the program that contains a name or a version from a message.

    A line matches the whole name, or the last part of ``a.b`` as a key. If the message names a file, only that file is
    searched. Otherwise ``sst.config.ts`` comes first: SST's messages about providers use words that are everywhere in
    the stack.
    """
    names = [next(group for group in found.groups() if group) for found in NAMED.finditer(message)]
    named = [root / name for name in names if (root / name).is_file()]
    all_files = [root / "sst.config.ts", root / "project.config.ts", *sorted((root / "infra").rglob("*.ts"))]
    for name in names:
        key = re.escape(name.rpartition(".")[2])
        for pattern in (rf"(?<!\w){re.escape(name)}(?!\w)", rf"(?<![\w.]){key}\s*:"):
            for file in named or all_files:
                for number, line in enumerate(_text(file).splitlines(), 1):
                    if re.search(pattern, line):
                        return str(file.relative_to(root)), number
    return (str(named[0].relative_to(root)), 1) if named else None


def modules_of(file: Path) -> Iterator[Path]:
    """Files of the program that a file imports, nearest first."""
    found, todo = {file}, [file]
    while todo:
        importer = todo.pop(0)
        for name in IMPORT.findall(_text(importer)):
            module = Path(f"{(importer.parent / name).resolve()}.ts")
            if module.is_file() and module not in found:
                found.add(module)
                todo.append(module)
                yield module


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""
