"""Source mutations: one change of the repository, and the finding that it must cause."""

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
            raise LookupError(f"{self.file} no longer contains {self.old!r}: update the mutation")
        if self.old == self.new:
            raise LookupError(f"{self.file} does not change: {self.old!r} is replaced by itself")
        path.write_text(text.replace(self.old, self.new, 1), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Append:
    """Appends a text to a file; creates the file if needed."""

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
    """Renames a file."""

    file: str
    to: str

    def __call__(self, root: Path) -> None:
        (root / self.file).rename(root / self.to)


type Change = Callable[[Path], None]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of the repository, and the finding that it must cause."""

    row: str
    """The row of the failure catalogue, or the mechanism: ``SST``, ``JOB``, ``TREE``."""
    what: str
    """The defect, in a few words joined by hyphens."""
    finds: str
    """The rule that must be among the findings."""
    file: str
    """The file that the finding must name."""
    changes: tuple[Change, ...]
    stage: str = "dev"
    environment: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.row}-{self.what}"


def mutation(row: str, what: str, finds: str, file: str, *changes: Change, stage: str = "dev") -> Mutation:
    """A mutation, with its changes as the last arguments."""
    return Mutation(row, what, finds, file, changes, stage)
