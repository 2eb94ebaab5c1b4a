"""The mutants: ways to break the product, each of which a run must find.

They change objects in the functions' processes, not files. Rules that the database enforces (a claimed job is not
withdrawn, a final job does not change) cannot be broken there, so they have no mutant.
"""

from chaos_harness.product import Mutant

from chaos_product import calls, delivery, guards

KILL, FREEZE, API_KILL = "kill-worker", "freeze-worker", "api-kill"
CRASH, ACK_LOST, DUPLICATE, S3 = "postgres-crash", "ack-lost", "sqs-duplicate", "s3-error"
SQS, THROTTLE, HANG = "sqs-error", "bedrock-throttle", "bedrock-hang"
DROP, GARBAGE = "bedrock-drop", "bedrock-garbage"
OUTAGE, WASTE = "bedrock-outage", "bedrock-waste"


MUTANTS: dict[str, Mutant] = {
    "no-fence": Mutant("any attempt may finish a job", guards.no_fence, {FREEZE: 0.2}),
    "no-lease-test": Mutant("a running job can be claimed at once", guards.no_lease_test, {DUPLICATE: 0.5}),
    "no-key": Mutant("a request with a known key is a new job", guards.no_key),
    "no-withdrawal": Mutant("a refused request's job stays", guards.no_withdrawal, {SQS: 0.4}, 40),
    "lost-ack-forgotten": Mutant("a lost answer is treated as a refusal", guards.lost_ack, {ACK_LOST: 0.15}, 40),
    "cancel-lies": Mutant("cancel reports success and does nothing", guards.cancel_lies, {}, 60),
    "ack-first": Mutant("a message is deleted before the job runs", delivery.ack_first, {KILL: 0.2}),
    "never-hidden": Mutant("a message stays hidden for an hour", delivery.never_hidden, {KILL: 0.2}),
    "no-heartbeat": Mutant("a lease is not renewed", delivery.no_heartbeat, {HANG: 0.2}, 12),
    "no-sweeper": Mutant("the sweeper does nothing", delivery.no_sweeper, {API_KILL: 0.5}),
    "released-unsent": Mutant("a released job has no message", delivery.released_unsent, {THROTTLE: 0.3}, 15),
    "accepts-unrecorded": Mutant("202 while the database is down", delivery.accepts_unrecorded, {CRASH: 0.2}),
    "throttled-is-final": Mutant("a throttled job fails", calls.throttled_is_final, {THROTTLE: 0.3}, 15),
    "endless-attempts": Mutant("no limit of attempts", calls.endless_attempts, {DROP: 0.9}, 12),
    "endless-corrections": Mutant("no limit of corrections", calls.endless_corrections, {GARBAGE: 0.9}, 12),
    "endless-paid-calls": Mutant("no limit of paid calls of a job", calls.endless_paid_calls, {WASTE: 0.2}, 12),
    "every-failure-counts": Mutant("a failure in flight counts again", calls.every_failure_counts, {OUTAGE: 0.1}, 60),
    "greedy-tenant": Mutant("one tenant holds every slot", calls.greedy_tenant, {HANG: 0.9}, 16),
    "day-without-end": Mutant("no limit of bytes a day", guards.day_without_end, {}, 12),
    "ledger-after": Mutant("a call is recorded afterwards", calls.ledger_after, {}, 12),
    "settles-twice": Mutant("a call is paid for twice", calls.settles_twice, {ACK_LOST: 0.3}),
    "no-cap": Mutant("no limit of concurrent calls", calls.no_cap, {HANG: 0.9}, 16),
    "sdk-retries": Mutant("the SDK retries model calls", calls.sdk_retries, {THROTTLE: 0.3}, 15),
    "result-without-attempt": Mutant("one S3 key for all attempts of a job", calls.result_without_attempt, {}, 12),
    "overwrites": Mutant("a result is overwritten", calls.overwrites, {S3: 0.4}, 20),
}
