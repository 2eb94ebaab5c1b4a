"""What a check has to say."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

type Severity = Literal["critical", "high", "medium", "low"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that will go wrong on AWS."""

    id: str
    """Names the rule, not the place: lower case words joined by hyphens, such as ``role-lacks-action``."""
    severity: Severity
    """``critical``: the deploy says OK and the thing is broken; ``high``: the deploy fails; ``medium``: degraded,
    costly or now and then; ``low``: cosmetic."""
    file: str
    """Relative to the repository: where the mend goes."""
    line: int
    """1 where the file as a whole is meant."""
    message: str
    """What will happen on AWS, in words that name the resource."""
    fix: str
    """What to do about it."""

    def as_json(self) -> dict[str, Any]:
        """The finding as the command prints it."""
        return asdict(self)
