"""The plan of a run: which fault happens when. The same seed, jobs and faults give the same plan."""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from chaos_harness.faults import FAULTS, Where

EARLIEST, LATEST = 0.1, 0.8
"""Shares of the accepted jobs between which moments lie. Earlier or later, a fault would find no work to disturb."""

WASTED = 12
"""Throttled calls of a document that gets no answer that fits. A product without a bound pays for twice as many."""

MODEL_FAULTS: dict[str, list[dict[str, object]]] = {
    "bedrock-throttle": [{"throttle": True}],
    "bedrock-unavailable": [{"error": "ServiceUnavailableException"}],
    "bedrock-hang": [{"hang": True}],
    "bedrock-drop": [{"hang_up": "before"}, {"hang_up": "middle"}],
    "bedrock-garbage": [{"invalid_json": "missing"}, {"not_a_tool": True}],
    "bedrock-truncate": [{"truncate": True}],
}
"""The variants of each model fault, in the format of the emulator's fault plan."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A fault to inject once that many jobs are accepted."""

    after_jobs: int
    fault: str


@dataclass(frozen=True, slots=True)
class Draw:
    """The selection of requests that a fault applies to: one early request for certain, others at random."""

    seed: int
    fault: str
    rate: float
    certain: int

    def applies_to(self, number: int) -> bool:
        """Whether the fault applies to the request with this number, counted from 1."""
        return self.rate > 0 and (number == self.certain or _chance(self.seed, self.fault, number) < self.rate)

    def variant(self, number: int, variants: int) -> int:
        """The variant of the fault for this request, from 0."""
        return int(_chance(self.seed, f"{self.fault}/kind", number) * variants)


@dataclass(frozen=True, slots=True)
class Plan:
    """All faults of a run."""

    seed: int
    jobs: int
    faults: list[str]
    rates: dict[str, float] = field(default_factory=dict)
    """Rates by fault, where they differ from ``FAULTS``."""

    def moments(self) -> list[Moment]:
        """The injections into processes, in their order."""
        found = []
        for name in self._of(Where.PROCESS):
            rng = random.Random(f"{self.seed}/{name}")  # noqa: S311 - a plan must be the same each time
            for _ in range(max(FAULTS[name].minimum, round(self.jobs * self.rate(name)))):
                found.append(Moment(round(self.jobs * rng.uniform(EARLIEST, LATEST)), name))
        return sorted(found, key=lambda moment: (moment.after_jobs, moment.fault))

    def draw(self, name: str) -> Draw:
        """The draw of a fault in requests or statements. A fault that is not in the plan never applies."""
        rate = self.rate(name) if name in self.faults else 0.0
        rng = random.Random(f"{self.seed}/{name}/sure")  # noqa: S311
        return Draw(self.seed, name, rate, rng.randint(1, 3) if name == "ssm-error" else rng.randint(2, 8))

    def model_rules(self, text_of: Callable[[int], str]) -> list[tuple[str, dict[str, Any]]]:
        """The emulator's rules with their faults. Each applies to one call for certain, and to others at random.

        ``text_of`` returns a text that only the prompt of the document with that number has.
        """
        rules = list(self._waste(text_of)) if "bedrock-waste" in self.faults else []
        for name in self._of(Where.MODEL):
            if name not in MODEL_FAULTS:
                continue
            rng = random.Random(f"{self.seed}/{name}/sure")  # noqa: S311
            variants = MODEL_FAULTS[name]
            for variant in variants:
                match = {"operation": "Converse", "calls": str(rng.randint(2, 12))}
                rules.append((name, {"match": match, "fault": variant}))
                chance = self.rate(name) / len(variants)
                rules.append((name, {"match": {"operation": "Converse"}, "probability": chance, "fault": variant}))
        return rules

    def _waste(self, text_of: Callable[[int], str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Some documents get no answer that fits: each attempt pays for two, and a throttled call defers it."""
        name = "bedrock-waste"
        rng = random.Random(f"{self.seed}/{name}")  # noqa: S311 - a plan must be the same each time
        for _ in range(max(1, round(self.jobs * self.rate(name)))):
            document = {"operation": "Converse", "contains": text_of(round(self.jobs * rng.uniform(EARLIEST, LATEST)))}
            yield name, {"match": {**document, "calls": "every 3"}, "times": WASTED, "fault": {"throttle": True}}
            yield name, {"match": document, "times": 2 * WASTED, "fault": {"not_a_tool": True}}

    def model_plan(self, text_of: Callable[[int], str]) -> dict[str, Any]:
        """The plan for the emulator's command line."""
        return {"seed": self.seed, "rules": [rule for _, rule in self.model_rules(text_of)]}

    def rate(self, name: str) -> float:
        """The probability of a fault, as ``Fault.rate`` defines it."""
        return self.rates.get(name, FAULTS[name].rate)

    def _of(self, where: Where) -> list[str]:
        return [name for name in self.faults if FAULTS[name].where is where]


def _chance(seed: int, name: str, number: int) -> float:
    digest = hashlib.sha256(f"{seed}/{name}/{number}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
