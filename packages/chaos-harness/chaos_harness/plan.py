"""The plan of a run: what goes wrong when, drawn from the seed alone. The same seed, jobs and faults: the same plan."""

import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

from chaos_harness.faults import FAULTS, Where

EARLIEST, LATEST = 0.1, 0.8
"""Of the accepted jobs: before there is little under way, after it nothing is left to bite."""

MODEL_FAULTS: dict[str, list[dict[str, object]]] = {
    "bedrock-throttle": [{"throttle": True}],
    "bedrock-unavailable": [{"error": "ServiceUnavailableException"}],
    "bedrock-hang": [{"hang": True}],
    "bedrock-drop": [{"hang_up": "before"}, {"hang_up": "middle"}],
    "bedrock-garbage": [{"invalid_json": "missing"}, {"not_a_tool": True}],
    "bedrock-truncate": [{"truncate": True}],
}
"""In the words of the emulator's fault plan."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Once so many jobs are accepted, do this."""

    after_jobs: int
    fault: str


@dataclass(frozen=True, slots=True)
class Draw:
    """Which of a counted sequence of requests a fault bites: one early on for sure, the others by chance."""

    seed: int
    fault: str
    rate: float
    sure: int

    def bites(self, number: int) -> bool:
        """Whether it bites the so-many-th request (from 1)."""
        return self.rate > 0 and (number == self.sure or _chance(self.seed, self.fault, number) < self.rate)

    def kind(self, number: int, kinds: int) -> int:
        """Which of several variants a bite is."""
        return int(_chance(self.seed, f"{self.fault}/kind", number) * kinds)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that will be done wrong."""

    seed: int
    jobs: int
    faults: list[str]
    rates: dict[str, float] = field(default_factory=dict)
    """Other rates than the usual."""

    def moments(self) -> list[Moment]:
        """In the order in which they come."""
        found = []
        for name in self._of(Where.PROCESS):
            rng = random.Random(f"{self.seed}/{name}")  # noqa: S311 - a plan must be the same each time
            for _ in range(max(FAULTS[name].least, round(self.jobs * self.rate(name)))):
                found.append(Moment(round(self.jobs * rng.uniform(EARLIEST, LATEST)), name))
        return sorted(found, key=lambda moment: (moment.after_jobs, moment.fault))

    def draw(self, name: str) -> Draw:
        """For a fault of requests or statements; one that is not asked for never bites."""
        rate = self.rate(name) if name in self.faults else 0.0
        rng = random.Random(f"{self.seed}/{name}/sure")  # noqa: S311
        return Draw(self.seed, name, rate, rng.randint(1, 3) if name == "ssm-error" else rng.randint(2, 8))

    def model_rules(self) -> list[tuple[str, dict[str, Any]]]:
        """The emulator's rules, each with the fault that it is for: one call for sure, and then by chance."""
        rules = []
        for name in self._of(Where.MODEL):
            rng = random.Random(f"{self.seed}/{name}/sure")  # noqa: S311
            variants = MODEL_FAULTS[name]
            for variant in variants:
                match = {"operation": "Converse", "calls": str(rng.randint(2, 12))}
                rules.append((name, {"match": match, "fault": variant}))
                chance = self.rate(name) / len(variants)
                rules.append((name, {"match": {"operation": "Converse"}, "probability": chance, "fault": variant}))
        return rules

    def model_plan(self) -> dict[str, Any]:
        """For the emulator's command line."""
        return {"seed": self.seed, "rules": [rule for _, rule in self.model_rules()]}

    def rate(self, name: str) -> float:
        """How often."""
        return self.rates.get(name, FAULTS[name].rate)

    def _of(self, where: Where) -> list[str]:
        return [name for name in self.faults if FAULTS[name].where is where]


def _chance(seed: int, name: str, number: int) -> float:
    digest = hashlib.sha256(f"{seed}/{name}/{number}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
