"""The known faults that somebody has looked at and accepted: accepted.toml, the one place for them."""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

LONGEST_DAYS = 180
"""Nothing is accepted for ever: what does no harm today may do some in the next version of the code around it."""


@dataclass(frozen=True)
class Accepted:
    """A fault that is not reported until a day."""

    id: str
    reason: str
    since: date
    until: date


def read(path: Path) -> list[Accepted]:
    """The entries. Raises ValueError for one that does not say why, since when and until when."""
    found = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("accepted", []):
        match entry:
            case {"id": str(name), "reason": str(reason), "since": date() as since, "until": date() as until} if (
                len(entry) == 4 and reason.strip() and 0 < (until - since).days <= LONGEST_DAYS
            ):
                found.append(Accepted(name, reason, since, until))
            case _:
                raise ValueError(
                    f"{path.name}: {entry.get('id', entry)} needs id, reason, since and until, which are dates "
                    f"at most {LONGEST_DAYS} days apart"
                )
    return found
