"""Every timeout, attempt count, delay and margin of the functions, in one frozen object.

Bootstraps, handlers and the AWS clients read it from ``current``. ``tests/unit/test_policy.py`` proves that the sums
fit the functions' timeouts and the queues' visibility timeouts. Durations are in seconds, as the suffix ``_s`` states.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AwsCallPolicy:
    """Calls of SQS, S3, Parameter Store and Secrets Manager."""

    connect_timeout_s: int = 1
    read_timeout_s: int = 2
    max_attempts: int = 2
    """Total. With both attempts a call takes 7 s at most, so a request that waits for each service in turn still fits
    the API's 29 s. Retries beyond that are the queue's job."""


@dataclass(frozen=True, slots=True)
class ModelCallPolicy:
    """Calls of Bedrock models. Each is attempted once: a retry inside the SDK would be billed and never recorded."""

    connect_timeout_s: int = 5
    read_timeout_s: int = 120
    """A Sonnet-class model takes about 80 s for 4,000 tokens (2026-11). Three calls of this length fit the worker's
    600 s."""
    slot_margin_s: float = 15.0
    """Added to the longest call before its slot counts as free: the call of a worker that gave up may still run at
    Bedrock, and requesting the slot took a moment."""
    answers_per_attempt: int = 3
    """The first answer and two corrections."""
    paid_calls_per_job: int = 9
    """However its attempts end: an attempt that was throttled after two paid answers does not count as an attempt, but
    its answers count here. Three full attempts fit."""

    @property
    def longest_s(self) -> float:
        """The longest time that a call waits for Bedrock's first byte, connecting included."""
        return float(self.connect_timeout_s + self.read_timeout_s)


@dataclass(frozen=True, slots=True)
class DatabaseTimeouts:
    """Time limits of one database connection."""

    socket_s: float
    """Without a byte from the server. A silent server is tried twice, on the kept connection and on a new one."""
    statement_s: float
    """Shorter than the socket's, so that the server gives up first and the connection survives."""
    lock_s: float
    idle_in_transaction_s: float = 10.0
    """A frozen worker must not keep its locks."""
    transaction_s: float = 15.0
    """Of the roles' sessions: a lock and a statement, each with its own limit, fit twice."""


@dataclass(frozen=True, slots=True)
class LeasePolicy:
    """The lease that a worker holds on a job."""

    lease_s: int = 30
    """A dead worker's job runs again after this time."""
    beats_per_lease: int = 3
    """Heartbeats in the length of a lease: two may be lost before the lease is."""
    message_retry_s: int = 30
    """Delay before a message that a worker could not handle is delivered again. The queue's own visibility timeout is
    an hour."""


@dataclass(frozen=True, slots=True)
class AttemptPolicy:
    """Attempts of a job, and the delays between them."""

    max_attempts: int = 3
    """Attempts that end in a crash or an error. Fewer than the queue's receive count, so that a job fails with its
    reason before its message reaches the dead-letter queue."""
    max_age_s: int = 259_200
    """Three days. A job that waits for a throttled model or for the daily limit does not wait longer: its cost
    would come out of days that its caller did not mean. Redriving it makes a new job."""
    finish_margin_s: float = 20.0
    """Reserved after the longest model call for storing the result or giving the job back."""
    write_retry_delays_s: tuple[float, ...] = (1, 2, 4, 8)
    """Pauses between tries to record the end of an attempt while the database is down: the attempt was paid for. They
    fit ``finish_margin_s``; PostgreSQL recovers from a crash in a fraction of a second."""
    first_delay_s: float = 2.0
    """The delay after the first failed attempt or throttled call. It doubles each time, up to ``longest_delay_s``."""
    longest_delay_s: int = 900
    """SQS delays a message by 15 minutes at most."""
    longest_jitter_s: int = 300
    """The spread of jobs that wait for the same moment."""


@dataclass(frozen=True, slots=True)
class CircuitPolicy:
    """The circuit breaker of each model, across all workers."""

    failures_allowed: int = 10
    """Consecutive failures, across all workers, that open the circuit. At a third of all calls throttled, ten in a row
    happen once in 60,000 calls."""
    shortest_pause_s: float = 10.0
    """The first pause. It doubles after each failed probe, up to ``longest_pause_s``."""
    longest_pause_s: float = 300.0
    probe_s: float = 30.0
    """A probe without an outcome expires after this time, and another job may probe."""


@dataclass(frozen=True, slots=True)
class DenialPolicy:
    """Waits of a job whose model call was denied by a limit of the stage."""

    no_slot_s: float = 5.0
    daily_limit_s: float = 600.0
    """At most, although the day may end later: money returns when running calls turn out cheaper than reserved, or when
    an operator raises the limit. No longer than SQS can delay a message."""


@dataclass(frozen=True, slots=True)
class PromptCachePolicy:
    """The account that decides which calls mark their prompt's prefix: see ``models.prompt_cache``."""

    lifetime_s: float = 300.0
    """Bedrock keeps a prefix for this time after its last use (AWS's user guide, prompt-caching.html, 2026-11)."""
    first_writes: int = 2
    """One for the write, and one to hold until the read that follows it has ended."""
    calls_per_write: int = 5
    """Writes that nothing reads are at most one in so many calls. With Claude each makes its prefix 25 % dearer, so all
    calls together at most 5 %."""
    most_writes: int = 1000
    """An account keeps no more: one for each concurrent call, of which a stage makes 1,000 at most. Without this bound,
    calls would write for days into a cache that has stopped working."""


@dataclass(frozen=True, slots=True)
class SweepPolicy:
    """The sweeper, which re-enqueues jobs whose message was lost."""

    overdue_s: int = 60
    """A submit takes at most the API's 29 s, and a worker hides its message for 30 s: after this time no process is
    about to send the job's message, and no hidden message is about to reappear."""
    backlog_s: int = 3600
    """While messages wait in the queue, a queued job gets a second message after this time: at most one an hour."""
    jobs_per_sweep: int = 500
    """Sending that many messages takes well under the function's timeout."""


@dataclass(frozen=True, slots=True)
class ErasurePolicy:
    """The erasure of content, by the retention and on request."""

    jobs_per_sweep: int = 300
    """Erased, and cleared of their objects, in one sweep: a list and a delete of S3 each, about 50 ms together, fit the
    sweeper's 50 s. 432,000 a day are more than 40 workers finish in 10 s each."""
    late_result_s: int = 900
    """A worker that lost its job may store a result until its function ends, 600 s after it claimed the job. The
    objects are deleted when the job is erased, and once more when no worker of it can be left."""
    jobs_per_command: int = 500
    """Erased in one command of an operator: about 100 ms in one statement."""


@dataclass(frozen=True, slots=True)
class ApiPolicy:
    """Times that the API gives to its clients."""

    poll_after_s: int = 1
    """``Retry-After`` of a job that is not final: most take a few seconds."""
    retry_after_outage_s: int = 5
    retry_after_misconfiguration_s: int = 60
    """Until an operator has fixed a parameter, which the functions read again within five minutes."""
    retry_after_queue_full_s: int = 60
    health_kept_s: float = 5.0
    """``GET /health`` is open to everyone: each environment asks the dependencies this often at most. Monitors ask once
    a minute."""
    result_url_s: int = 300
    """Lifetime of a link to a result: long enough to follow it, too short to be worth stealing. Each poll returns a new
    one."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The timing of the whole product."""

    aws: AwsCallPolicy = AwsCallPolicy()
    model: ModelCallPolicy = ModelCallPolicy()
    database: DatabaseTimeouts = DatabaseTimeouts(socket_s=3.5, statement_s=3.0, lock_s=2.0)
    """Statements take milliseconds. Two silent sockets leave the API, with its 29 s, time to answer 503."""
    database_migrations: DatabaseTimeouts = DatabaseTimeouts(socket_s=280.0, statement_s=270.0, lock_s=270.0)
    """An index on a large table takes minutes, and so may waiting for another runner. The migrator has 300 s."""
    lease: LeasePolicy = LeasePolicy()
    attempts: AttemptPolicy = AttemptPolicy()
    circuit: CircuitPolicy = CircuitPolicy()
    denials: DenialPolicy = DenialPolicy()
    prompt_cache: PromptCachePolicy = PromptCachePolicy()
    sweep: SweepPolicy = SweepPolicy()
    erasure: ErasurePolicy = ErasurePolicy()
    api: ApiPolicy = ApiPolicy()
    stage_config_cache_s: int = 300
    """A change of the stage's configuration is in effect everywhere after this time, without a deploy."""


_policy = Policy()
_in_use = False


def current() -> Policy:
    """The policy of this process."""
    global _in_use
    _in_use = True
    return _policy


def adjust(change: Callable[[Policy], Policy]) -> None:
    """Change the policy of this process. Raises RuntimeError after its first use: clients would keep the old one."""
    global _policy
    if _in_use:
        raise RuntimeError("the policy is in use and cannot change any more")
    _policy = change(_policy)
