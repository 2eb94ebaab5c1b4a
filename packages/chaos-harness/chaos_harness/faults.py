"""The injected faults: their effect, their frequency and the place of their injection."""

from dataclasses import dataclass
from enum import Enum, auto


class Where(Enum):
    """The component that injects a fault."""

    PROCESS = auto()
    """A driver, at a planned moment: signals to processes, statements to the server."""
    REQUEST = auto()
    """The proxy in front of AWS, to a request."""
    STATEMENT = auto()
    """The proxy in front of PostgreSQL, to a statement."""
    MODEL = auto()
    """The Bedrock emulator, by its fault plan."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault."""

    where: Where
    rate: float
    """Probability per job for ``PROCESS``; per request, statement or call for the others."""
    description: str
    minimum: int = 1
    """Injections in a run of any size. More than 1 for workers: one may be about to end, or its job be cancelled."""


FAULTS: dict[str, Fault] = {
    "kill-worker": Fault(Where.PROCESS, 0.012, "kill -9 of a worker in the middle of a model call", 3),
    "freeze-worker": Fault(Where.PROCESS, 0.012, "SIGSTOP of a worker in a model call, for longer than its lease", 4),
    "api-kill": Fault(Where.PROCESS, 0.01, "kill -9 of the API just before, or just after, it sends a job's message"),
    "postgres-crash": Fault(Where.PROCESS, 0.004, "kill -9 of a backend: all of PostgreSQL restarts and recovers"),
    "postgres-terminate": Fault(Where.PROCESS, 0.008, "every connection is terminated"),
    "postgres-hang": Fault(Where.PROCESS, 0.008, "SIGSTOP of a backend, for longer than a client waits"),
    "ack-lost": Fault(Where.STATEMENT, 0.01, "a change is committed, and the answer is lost with the connection"),
    "sqs-duplicate": Fault(Where.REQUEST, 0.08, "a message arrives twice"),
    "sqs-delay": Fault(Where.REQUEST, 0.08, "a message is late, so that others overtake it"),
    "sqs-error": Fault(Where.REQUEST, 0.03, "SendMessage is refused, or executed and answered with an error"),
    "s3-error": Fault(Where.REQUEST, 0.03, "PutObject is refused, or executed and answered with an error"),
    "ssm-error": Fault(Where.REQUEST, 0.2, "Parameter Store refuses a call"),
    "bedrock-throttle": Fault(Where.MODEL, 0.05, "ThrottlingException"),
    "bedrock-unavailable": Fault(Where.MODEL, 0.02, "ServiceUnavailableException"),
    "bedrock-hang": Fault(Where.MODEL, 0.004, "no answer, for longer than a worker waits"),
    "bedrock-drop": Fault(Where.MODEL, 0.02, "the connection breaks before the answer, or in its middle"),
    "bedrock-garbage": Fault(Where.MODEL, 0.03, "an answer that violates the schema, or has no tool call"),
    "bedrock-malformed": Fault(Where.REQUEST, 0.01, "a body that is not JSON"),
    "bedrock-outage": Fault(Where.PROCESS, 0.002, "all calls in flight fail together, twice in succession"),
    "bedrock-waste": Fault(Where.MODEL, 0.01, "a document that gets only answers that do not fit, and throttling"),
    "bedrock-truncate": Fault(Where.MODEL, 0.01, "an answer that reached max_tokens"),
}


def parse_names(names: str) -> list[str]:
    """The faults of a comma-separated list; all for ``all``, none for ``none``. Raises ValueError."""
    if names in ("all", "none"):
        return list(FAULTS) if names == "all" else []
    parsed = [name.strip() for name in names.split(",")]
    if unknown := [name for name in parsed if name not in FAULTS]:
        raise ValueError(f"unknown: {', '.join(unknown)}. Available: {', '.join(FAULTS)}")
    return parsed
