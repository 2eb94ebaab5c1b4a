"""Vocabulary check of all text files: ``python -m tests.docs.vocabulary [FILE ...]``.

Prints a line for each use of a term that ``vocabulary.toml`` replaces, and exits with 1 if there was any. Without
arguments it checks every file that git tracks.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TERMS = Path(__file__).with_name("vocabulary.toml")
SUFFIXES = {".py", ".ts", ".sql", ".sh", ".md", ".yml", ".yaml", ".toml"}

EXEMPT = ("tests/docs/vocabulary*", "tests/docs/test_vocabulary.py")
"""Files that must contain the terms."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term to replace."""

    pattern: re.Pattern[str]
    use: str
    allowed: tuple[str, ...]

    def applies_to(self, path: str) -> bool:
        """Whether a file must avoid the term."""
        return not any(fnmatch(path, glob) for glob in self.allowed)


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a term in a file; the line counts from 1."""

    path: str
    line: int
    text: str
    use: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: "{self.text.strip()}": use {self.use}'


@cache
def terms() -> tuple[Term, ...]:
    """Terms of ``vocabulary.toml``."""
    data = tomllib.loads(TERMS.read_text(encoding="utf-8"))
    return tuple(_term(entry["term"], entry["use"], entry.get("allowed", ())) for entry in data["terms"])


def _term(term: str, use: str, allowed: list[str]) -> Term:
    bounded = term if term.startswith("(?:") else rf"(?<![A-Za-z0-9])(?:{term})(?![A-Za-z0-9])"
    return Term(re.compile(bounded, re.IGNORECASE | re.MULTILINE), use, tuple(allowed))


def uses(path: str, text: str) -> Iterator[Use]:
    """Uses of replaced terms in the text of a file."""
    for term in terms():
        if term.applies_to(path):
            for match in term.pattern.finditer(text):
                yield Use(path, text.count("\n", 0, match.start()) + 1, match.group(), term.use)


def tracked() -> Iterator[str]:
    """Text files that git tracks, apart from those that must contain the terms."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for path in filter(None, listed.stdout.split("\0")):
        exempt = any(fnmatch(path, glob) for glob in EXEMPT)
        if not exempt and Path(path).suffix in SUFFIXES and (ROOT / path).is_file():
            yield path


def check(paths: list[str]) -> list[Use]:
    """Uses of replaced terms in files, in order of path and line."""
    found = [use for path in paths for use in uses(path, (ROOT / path).read_text(encoding="utf-8"))]
    return sorted(found, key=lambda use: (use.path, use.line))


def main() -> int:
    """Check the files named on the command line, or all."""
    every = set(tracked())
    asked = [path for path in sys.argv[1:] if path in every] if len(sys.argv) > 1 else sorted(every)
    found = check(asked)
    for use in found:
        print(use)  # noqa: T201 - its output
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
