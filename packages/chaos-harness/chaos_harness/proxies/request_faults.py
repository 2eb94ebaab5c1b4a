"""Selects the fault of each request to AWS. Each fault of the plan counts the logical calls that it may apply to."""

from collections import Counter
from dataclasses import dataclass, field

from chaos_harness.plan import Draw, Plan
from chaos_harness.proxies.requests import Sent, Treatment

SHORTEST_DELAY_S, LONGEST_DELAY_S = 3, 6
"""Seconds of delay of a late message: longer than others wait for a worker, so that they overtake it."""


@dataclass(slots=True)
class Decision:
    """The treatment of one logical call of the SDK, which may retry it."""

    fault: str
    treatment: Treatment
    delay: int = 0
    tries: int = 0


@dataclass
class RequestFaults:
    """Decides on the treatment of requests, and records the faults that it selected."""

    plan: Plan
    took_effect: Counter[str] = field(default_factory=Counter)
    duplicated: list[str] = field(default_factory=list)
    """Jobs with a message that was sent twice."""
    delayed: list[str] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _decisions: dict[str, Decision] = field(default_factory=dict)

    def treatment(self, sent: Sent) -> tuple[Treatment, int]:
        """The treatment of a request, and its delay in seconds."""
        decision = self._decisions.get(sent.invocation)
        if decision is None:
            decision = self._decisions[sent.invocation] = self._decide(sent)
        decision.tries += 1
        if decision.treatment is Treatment.FORWARD or (
            decision.tries > 1 and decision.treatment is not Treatment.REFUSE
        ):
            return Treatment.FORWARD, 0
        self._note(decision, sent)
        return decision.treatment, decision.delay

    def _decide(self, sent: Sent) -> Decision:
        for name in _FAULTS.get(sent.operation, ()):
            self._seen[name] += 1
            draw, number = self.plan.draw(name), self._seen[name]
            if draw.applies_to(number):
                return _decision_for(name, draw, number)
        return Decision("", Treatment.FORWARD)

    def _note(self, decision: Decision, sent: Sent) -> None:
        self.took_effect[decision.fault] += 1
        if decision.treatment is Treatment.TWICE:
            self.duplicated.append(sent.job_id())
        elif decision.treatment is Treatment.DELAY:
            self.delayed.append(sent.job_id())


_FAULTS = {
    "SendMessage": ("sqs-error", "sqs-duplicate", "sqs-delay"),
    "PutObject": ("s3-error",),
    "GetParameters": ("ssm-error",),
    "Converse": ("bedrock-malformed",),
}


def _decision_for(name: str, draw: Draw, number: int) -> Decision:
    match name:
        case "sqs-error" | "s3-error":
            return Decision(name, (Treatment.REFUSE, Treatment.EXECUTE_AND_REFUSE)[draw.variant(number, 2)])
        case "sqs-duplicate":
            return Decision(name, Treatment.TWICE)
        case "sqs-delay":
            return Decision(
                name,
                Treatment.DELAY,
                delay=SHORTEST_DELAY_S + draw.variant(number, LONGEST_DELAY_S - SHORTEST_DELAY_S + 1),
            )
        case "bedrock-malformed":
            return Decision(name, Treatment.GARBLE)
    return Decision(name, Treatment.REFUSE)
