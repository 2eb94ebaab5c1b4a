"""The answer of a registry about the locked packages."""

from dataclasses import dataclass, field

LONGEST_DESCRIPTION = 200
"""Characters of an advisory's description. Its id leads to the full text."""


@dataclass(frozen=True)
class Advisory:
    """A known vulnerability of a package in its locked version."""

    ids: tuple[str, ...]
    """All its identifiers: GHSA, CVE, PYSEC."""
    package: str
    version: str
    ships: bool
    """Whether the package is deployed. Other packages are only used in development, tests and deploys."""
    description: str
    fix: str

    def __str__(self) -> str:
        where = "deployed" if self.ships else "a tool"
        description = " ".join(self.description.split())[:LONGEST_DESCRIPTION]
        return f"{self.package} {self.version}, {where}: {', '.join(self.ids)}: {description}\n  Fix: {self.fix}"


@dataclass
class Answer:
    """The answer of one registry about one lock file."""

    subject: str
    """The packages, as a plural noun phrase."""
    advisories: list[Advisory] = field(default_factory=list)
    not_checked: str = ""
    """The reason why packages were not checked; empty if all were. Unchecked packages are never reported as clean."""


class NoAnswer(Exception):
    """The registry cannot be reached or does not answer. The message is the reason."""
