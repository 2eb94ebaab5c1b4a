"""Vulnerabilities that were reviewed and accepted: the entries of accepted.toml."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

LONGEST_DAYS = 180
"""The longest time to accept a vulnerability: it can become exploitable when the code around it changes."""


@dataclass(frozen=True)
class Accepted:
    """A vulnerability that is not reported up to and including a day."""

    id: str
    reason: str
    since: date
    until: date


def read(path: Path) -> list[Accepted]:
    """The entries of a file. Raises ValueError for one without a reason or with invalid dates."""
    found = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", []):
        match entry:
            case {"id": str(name), "reason": str(reason), "since": date() as since, "until": date() as until} if (
                len(entry) == 4 and reason.strip() and 0 < (until - since).days <= LONGEST_DAYS
            ):
                found.append(Accepted(name, reason, since, until))
            case _:
                raise ValueError(
                    f"{path.name}: {entry.get('id', entry)} needs id, reason, since and until: dates at most "
                    f"{LONGEST_DAYS} days apart"
                )
    return found
