"""What a registry says of the packages that are locked."""

from dataclasses import dataclass, field

LONGEST = 200
"""Characters of what an advisory tells about itself: its id leads to the rest."""


@dataclass(frozen=True)
class Advisory:
    """A known fault of a package as it is locked."""

    ids: tuple[str, ...]
    """All the names that it has: GHSA, CVE, PYSEC."""
    package: str
    version: str
    ships: bool
    """Whether AWS runs it, or only whoever develops, tests and deploys."""
    about: str
    mend: str

    def __str__(self) -> str:
        where = "which ships" if self.ships else "a tool"
        told = " ".join(self.about.split())[:LONGEST]
        return f"{self.package} {self.version}, {where}: {', '.join(self.ids)}: {told}\n  Fix: {self.mend}"


@dataclass
class Answer:
    """Of one registry, about one lock."""

    of: str
    """Which packages, in the plural."""
    advisories: list[Advisory] = field(default_factory=list)
    not_checked: str = ""
    """Why nobody knows of some or all of them: what was not asked about is not clean."""


class NoAnswer(Exception):
    """The registry cannot be reached, or has no answer; says why."""
