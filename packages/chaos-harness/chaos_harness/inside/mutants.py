"""Ways to break the product, each of which a run must find: what is not missed when it is gone was never tested.

A mutant is applied inside the functions' processes only; the product's files stay as they are. What the database itself
refuses (to withdraw a claimed job, to change a final one) cannot be broken from there, and is no mutant. One comes with
the faults that it needs to be seen, how often they come, and how many jobs are enough.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from chaos_harness.inside import broken_calls, broken_delivery, broken_guards

KILL, FREEZE, API_KILL = "kill-worker", "freeze-worker", "api-kill"
CRASH, ACK_LOST, DUPLICATE, S3 = "postgres-crash", "ack-lost", "sqs-duplicate", "s3-error"
SQS, THROTTLE, HANG = "sqs-error", "bedrock-throttle", "bedrock-hang"
DROP, GARBAGE = "bedrock-drop", "bedrock-garbage"


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way."""

    what: str
    apply: Callable[[], None]
    rates: dict[str, float] = field(default_factory=dict)
    """The faults that it needs, and how often."""
    jobs: int = 30


MUTANTS: dict[str, Mutant] = {
    "no-fence": Mutant("any attempt may end a job", broken_guards.no_fence, {FREEZE: 0.2}),
    "no-lease-test": Mutant("a running job can be claimed at once", broken_guards.no_lease_test, {DUPLICATE: 0.5}),
    "no-key": Mutant("a request with a known key is a new job", broken_guards.no_key),
    "no-withdrawal": Mutant("a refused request's job stays", broken_guards.no_withdrawal, {SQS: 0.4}, 40),
    "lost-ack-forgotten": Mutant("a lost answer is taken for a refusal", broken_guards.lost_ack, {ACK_LOST: 0.15}, 40),
    "cancel-lies": Mutant("cancel says so, and does nothing", broken_guards.cancel_lies, {}, 60),
    "ack-first": Mutant("a message is deleted before its work", broken_delivery.ack_first, {KILL: 0.2}),
    "never-hidden": Mutant("a message stays hidden for an hour", broken_delivery.never_hidden, {KILL: 0.2}),
    "no-heartbeat": Mutant("a lease is not renewed", broken_delivery.no_heartbeat, {HANG: 0.2}, 12),
    "no-sweeper": Mutant("nobody looks for lost jobs", broken_delivery.no_sweeper, {API_KILL: 0.5}),
    "released-unsent": Mutant("a job given back has no message", broken_delivery.released_unsent, {THROTTLE: 0.3}, 15),
    "accepts-unrecorded": Mutant("202 though the database is away", broken_delivery.accepts_unrecorded, {CRASH: 0.2}),
    "throttled-is-final": Mutant("a throttled job fails", broken_calls.throttled_is_final, {THROTTLE: 0.3}, 15),
    "endless-attempts": Mutant("no limit of attempts", broken_calls.endless_attempts, {DROP: 0.9}, 12),
    "endless-corrections": Mutant("no limit of corrections", broken_calls.endless_corrections, {GARBAGE: 0.9}, 12),
    "ledger-after": Mutant("a call is written down afterwards", broken_calls.ledger_after, {}, 12),
    "settles-twice": Mutant("a call is paid for twice", broken_calls.settles_twice, {ACK_LOST: 0.3}),
    "no-cap": Mutant("as many calls at once as there are workers", broken_calls.no_cap, {HANG: 0.9}, 16),
    "sdk-retries": Mutant("the SDK tries again by itself", broken_calls.sdk_retries, {THROTTLE: 0.3}, 15),
    "result-without-attempt": Mutant("one S3 key a job", broken_calls.result_without_attempt, {}, 12),
    "overwrites": Mutant("a result is written over", broken_calls.overwrites, {S3: 0.4}, 20),
}


def apply(name: str) -> None:
    """In this process, before the product's handler is called."""
    MUTANTS[name].apply()
