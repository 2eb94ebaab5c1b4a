"""One way to break the repository, and what has to be said of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces the first occurrence of a text in a file."""

    file: str
    old: str
    new: str

    def __call__(self, root: Path) -> None:
        path = root / self.file
        text = path.read_text(encoding="utf-8")
        if self.old not in text:
            raise LookupError(f"{self.file} no longer says {self.old!r}: write the mutation anew")
        if self.old == self.new:
            raise LookupError(f"{self.file} stays as it is: {self.old!r} is replaced with itself")
        path.write_text(text.replace(self.old, self.new, 1), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Append:
    """Puts a text at the end of a file, which need not exist."""

    file: str
    text: str

    def __call__(self, root: Path) -> None:
        path = root / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(self.text)


@dataclass(frozen=True, slots=True)
class Remove:
    """Deletes a file."""

    file: str

    def __call__(self, root: Path) -> None:
        (root / self.file).unlink()


@dataclass(frozen=True, slots=True)
class Move:
    """Gives a file another name."""

    file: str
    to: str

    def __call__(self, root: Path) -> None:
        (root / self.file).rename(root / self.to)


type Change = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Mutation:
    """One way to break the repository."""

    row: str
    """The row of the failure catalogue, or ``NEW`` for what none lists."""
    what: str
    """What is broken, in a few words joined by hyphens."""
    finds: str
    """The rule that must be among the findings."""
    file: str
    """The file that it must name."""
    changes: tuple[Change, ...]
    stage: str = "dev"
    environment: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.row}-{self.what}"


def mutation(row: str, what: str, finds: str, file: str, *changes: Change, stage: str = "dev") -> Mutation:
    """A mutation whose changes come last, so that they read as the text of it."""
    return Mutation(row, what, finds, file, changes, stage)
