"""A fault plan at run time: the rules that take effect on a call, and how often each did."""

import hashlib
from typing import TYPE_CHECKING

from bedrock_emulator.documents import Document

if TYPE_CHECKING:
    from bedrock_emulator.plan import Fault, Plan


class RuleBook:
    """Counts matching calls for each rule. One event loop uses it, so no lock is needed."""

    def __init__(self, plan: "Plan | None" = None) -> None:
        self.plan = plan
        rules = plan.rules if plan else []
        self._matched = [0] * len(rules)
        self._effects = [0] * len(rules)

    def faults_for(self, operation: str, model_id: str, text: str) -> list[tuple[int, "Fault"]]:
        """The rules (by index) that take effect on this call, in order: any latency, then at most one other fault."""
        chosen: list[tuple[int, Fault]] = []
        for index, rule in enumerate(self.plan.rules if self.plan else []):
            match = rule.match
            if match.operation not in (None, operation) or (match.model or "") not in model_id:
                continue
            if (match.contains or "") not in text:
                continue
            self._matched[index] += 1
            if not match.holds_for_number(self._matched[index]) or not self._drawn(index, rule.probability):
                continue
            if rule.times is not None and self._effects[index] >= rule.times:
                continue
            self._effects[index] += 1
            chosen.append((index, rule.fault))
            if rule.fault.kinds():
                break
        return chosen

    def counters(self) -> list[Document]:
        """How often each rule matched, and how often it took effect."""
        pairs = zip(self._matched, self._effects, strict=True)
        return [{"rule": i, "matched": matched, "took_effect": effects} for i, (matched, effects) in enumerate(pairs)]

    def _drawn(self, index: int, probability: float) -> bool:
        """A draw that depends on the seed, the rule and the number of the matching call, only."""
        seed = self.plan.seed if self.plan else 0
        digest = hashlib.sha256(f"{seed}/{index}/{self._matched[index]}".encode()).digest()
        return int.from_bytes(digest[:8]) / 2**64 < probability
