"""Command blocks of the documentation, and the markers that define how a test runs them.

A marker is an HTML comment on the line before the fence of a ``sh`` block:

``<!-- run -->``                        in the checkout
``<!-- run with the local stack -->``   against a running local stack
``<!-- run with the emulator -->``      against a running Bedrock emulator
``<!-- not run: REASON -->``            not at all; the reason names the test that covers it, if there is one

``; prints: TEXT`` before the end of a marker requires that the output contains the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

FENCE = re.compile(r"(?:<!-- (?P<marker>[^\n]*?) -->\n)?^```(?P<language>sh|python)\n(?P<text>.*?)^```$", re.M | re.S)
MARKER = re.compile(r"(?P<kind>run|run with the local stack|run with the emulator)(?:; prints: (?P<prints>.+))?")
NOT_RUN = re.compile(r"not run: (?P<reason>.+)")
FILE = re.compile(r"file: (?P<path>\S+)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of commands or code."""

    page: str
    line: int
    """Line of the fence, counted from 1."""
    language: str
    marker: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks() -> Iterator[Block]:
    """Blocks of commands and of marked Python files on all pages, in order."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in FENCE.finditer(text):
            line = text.count("\n", 0, text.index("```", found.start())) + 1
            marker = found["marker"] or ""
            if found["language"] == "sh" or FILE.fullmatch(marker):
                yield Block(str(page.relative_to(ROOT)), line, found["language"], marker, found["text"])


def commands() -> list[Block]:
    """Blocks of shell commands."""
    return [block for block in blocks() if block.language == "sh"]


def files() -> dict[str, str]:
    """Contents of the files that the documentation shows, by path."""
    return {found["path"]: block.text for block in blocks() if (found := FILE.fullmatch(block.marker))}
