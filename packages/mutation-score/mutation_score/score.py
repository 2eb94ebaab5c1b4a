"""The scores of modules and groups, and the survivors."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch

from mutation_score.configuration import Accepted, Configuration
from mutation_score.trial import Trial


@dataclass
class Score:
    """The mutants of a module or of a group."""

    noticed: int = 0
    survivors: list[str] = field(default_factory=list)
    accepted: set[Accepted] = field(default_factory=set)

    @property
    def mutants(self) -> int:
        """The mutants that count: an accepted survivor does not."""
        return self.noticed + len(self.survivors)

    @property
    def percent(self) -> float:
        """The noticed share. A module without mutants has all of them."""
        return 100 * self.noticed / self.mutants if self.mutants else 100.0

    def __str__(self) -> str:
        return f"{self.noticed} of {self.mutants} ({self.percent:.0f} %)"

    def __add__(self, other: "Score") -> "Score":
        survivors = [*self.survivors, *other.survivors]
        return Score(self.noticed + other.noticed, survivors, self.accepted | other.accepted)


def score_of(name: str, source: str, outcomes: Iterable[tuple[Trial, bool]], accepted: Sequence[Accepted]) -> Score:
    """The score of one module."""
    lines, score = source.splitlines(), Score()
    for trial, noticed in outcomes:
        mutant, line = trial.mutant, lines[trial.mutant.line - 1]
        accepting = {entry for entry in accepted if entry.accepts(name, line, mutant)}
        if noticed:
            score.noticed += 1
        elif accepting:
            score.accepted |= accepting
        else:
            score.survivors.append(f"{name}:{mutant.line}: {'' if trial.tests else '(no test) '}{mutant.change}")
    return score


def complaints(configuration: Configuration, scores: dict[str, Score]) -> Iterator[str]:
    """Groups below their least score, and entries of the configuration that name no survivor."""
    for pattern, least in configuration.least.items():
        total = group(scores, pattern)
        if total.percent < least:
            yield f"{pattern}: {total}, and at least {least:g} % are required"
    used = {entry for score in scores.values() for entry in score.accepted}
    for entry in configuration.accepted:
        if entry.module in scores and entry not in used:
            yield f"{entry.module}: remove this entry, which names no survivor: {entry.change}"


def group(scores: dict[str, Score], pattern: str) -> Score:
    """The score of the measured modules that match the glob."""
    return sum((score for name, score in scores.items() if fnmatch(name, pattern)), Score())
