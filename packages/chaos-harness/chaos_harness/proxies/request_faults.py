"""Which request to AWS meets which fault: by the plan's draws, each over its own count of logical calls."""

from collections import Counter
from dataclasses import dataclass, field

from chaos_harness.plan import Draw, Plan
from chaos_harness.proxies.requests import Fate, Sent

SHORTEST_DELAY_S, LONGEST_DELAY_S = 3, 6
"""Of a late message: longer than others wait for a worker, so that it is overtaken."""


@dataclass(slots=True)
class Decided:
    """For one logical call of the SDK, which may come twice."""

    fault: str
    fate: Fate
    delay: int = 0
    tries: int = 0


@dataclass
class RequestFaults:
    """Decides, and counts what it did to whom."""

    plan: Plan
    bites: Counter[str] = field(default_factory=Counter)
    duplicated: list[str] = field(default_factory=list)
    """Jobs of which a message was sent twice."""
    delayed: list[str] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _decided: dict[str, Decided] = field(default_factory=dict)

    def fate(self, sent: Sent) -> tuple[Fate, int]:
        """What becomes of this request, and for how many seconds it is delayed."""
        decided = self._decided.get(sent.invocation)
        if decided is None:
            decided = self._decided[sent.invocation] = self._decide(sent)
        decided.tries += 1
        if decided.fate is Fate.FORWARD or (decided.tries > 1 and decided.fate is not Fate.REFUSE):
            return Fate.FORWARD, 0
        self._note(decided, sent)
        return decided.fate, decided.delay

    def _decide(self, sent: Sent) -> Decided:
        for name in _FAULTS.get(sent.operation, ()):
            self._seen[name] += 1
            draw, number = self.plan.draw(name), self._seen[name]
            if draw.bites(number):
                return _of(name, draw, number)
        return Decided("", Fate.FORWARD)

    def _note(self, decided: Decided, sent: Sent) -> None:
        self.bites[decided.fault] += 1
        if decided.fate is Fate.TWICE:
            self.duplicated.append(sent.job_id())
        elif decided.fate is Fate.DELAY:
            self.delayed.append(sent.job_id())


_FAULTS = {
    "SendMessage": ("sqs-error", "sqs-duplicate", "sqs-delay"),
    "PutObject": ("s3-error",),
    "GetParameters": ("ssm-error",),
    "Converse": ("bedrock-malformed",),
}


def _of(name: str, draw: Draw, number: int) -> Decided:
    match name:
        case "sqs-error" | "s3-error":
            return Decided(name, (Fate.REFUSE, Fate.EXECUTE_AND_REFUSE)[draw.kind(number, 2)])
        case "sqs-duplicate":
            return Decided(name, Fate.TWICE)
        case "sqs-delay":
            return Decided(
                name, Fate.DELAY, delay=SHORTEST_DELAY_S + draw.kind(number, LONGEST_DELAY_S - SHORTEST_DELAY_S + 1)
            )
        case "bedrock-malformed":
            return Decided(name, Fate.GARBLE)
    return Decided(name, Fate.REFUSE)
