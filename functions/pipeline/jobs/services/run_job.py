"""Run one job: claim it, ask the model, store the result, finish. The heart of the pipeline.

Everything here may happen twice, or stop anywhere. A claim gives a lease and an attempt number; the result is stored
under that number, and only the running attempt can finish the job. So a job has at most one result, and a worker that
was thought dead and wakes up finds its late answer refused.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import SystemRandom

from pipeline.definitions.analysis import AnyAnalysis
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import INLINE_RESULT_BYTES, ClaimedJob, JobMessage, JobResult, JobStatus, NotClaimed
from pipeline.jobs.errors import JobFailed, OutOfTime, TryAgain
from pipeline.jobs.ports import CallLedger, Converse, Delivery, JobQueue, JobStore, ResultStore, StageConfigSource
from pipeline.jobs.services.answer import Conversation
from pipeline.jobs.services.heartbeat import Heartbeat
from pipeline.models.stage_config import Limits
from pipeline.platform.errors import ConfigurationError, PipelineError, Unavailable
from pipeline.platform.observability import log

LEASE_S = 30
"""A dead worker's job runs again after this long. The heartbeat renews it three times as often."""

MAX_ATTEMPTS = 3
"""Attempts that end in a crash or a fault. Fewer than the queue's receive count, so that a job fails with its reason
before its message goes to the dead-letter queue."""

FINISH_MARGIN_S = 20.0
"""Kept after the longest model call for storing the result and giving the job back."""

MAX_DELAY_S = 900
"""The longest that SQS delays a message. Delays grow from 2 s to it."""

WRITE_RETRY_DELAYS_S = (1, 2, 4, 8)
"""Pauses between tries to write an attempt's end down while the database is away: what it says was paid for. Within
``FINISH_MARGIN_S``, and well over the fraction of a second that PostgreSQL takes to recover from a crash."""

MAX_JITTER_S = 300
"""How far apart those come back that wait for the same moment."""


@dataclass(frozen=True, slots=True)
class RunJob:
    """The use case behind a message on the queue."""

    store: JobStore
    queue: JobQueue
    results: ResultStore
    model: Converse
    ledger: CallLedger
    stage_config: StageConfigSource
    analyses: Mapping[str, AnyAnalysis]
    random: Callable[[], float] = SystemRandom().random
    pause: Callable[[float], object] = time.sleep

    def run(self, message: JobMessage, delivery: Delivery, remaining: Callable[[], float]) -> None:
        """Bring the job one attempt further; ``remaining`` is the seconds left to this invocation.

        Returns when the message is done with: the job is, or it has another message. Raises OutOfTime, or Unavailable
        when not even another message can be sent; then this one must come again.
        """
        delivery.hide(LEASE_S)  # whatever happens from here on, the message is back soon
        if not self._time_for_a_call(remaining):
            raise OutOfTime
        try:
            limits = self.stage_config.current()[0].limits
            job = self.store.claim(message.job_id, LEASE_S)
            if isinstance(job, NotClaimed):
                self._not_claimed(message, job)
            else:
                self._run(job, limits, delivery, remaining)
        except (Unavailable, ConfigurationError) as fault:
            # No fault of the job: a message of its own keeps it out of the dead-letter queue.
            log.error("put off", fault, job_id=message.job_id, reason=str(fault))
            self.queue.send(message, self._spread(2 * LEASE_S))

    def _run(self, job: ClaimedJob, limits: Limits, delivery: Delivery, remaining: Callable[[], float]) -> None:
        log.info("claimed", job_id=job.id, attempt=job.attempt, analysis=job.analysis)
        heartbeat = Heartbeat(self.store, delivery, job, LEASE_S)
        # Whoever has lost the job pays for no further call of it.
        talk = Conversation(
            self.model, self.ledger, limits, job, lambda: self._time_for_a_call(remaining) and not heartbeat.lost
        )
        with heartbeat:
            try:
                result = self._result(job, talk)
            except JobFailed as failed:
                self._fail(job, talk, failed.failure)
            except TryAgain as again:
                self._give_back(job, talk, again)
            except PipelineError:
                raise
            except Exception as fault:  # noqa: BLE001 - whatever it is: an attempt is spent, and the job says why
                log.error("attempt at fault", fault, job_id=job.id, attempt=job.attempt)
                unknown = TryAgain(type(fault).__name__, deferred=False, code=FailureCode.INTERNAL_ERROR)
                self._give_back(job, talk, unknown)
            else:
                finished = self._write_with_retry(lambda: self.store.succeed(job.id, job.attempt, result))
                self._log_end(job, talk, JobStatus.SUCCEEDED.value, finished=finished)

    def _result(self, job: ClaimedJob, talk: Conversation) -> JobResult:
        if job.attempts_spent > MAX_ATTEMPTS:
            raise JobFailed(FailureCode.ATTEMPTS_EXHAUSTED)
        analysis = self.analyses.get(job.analysis)
        if analysis is None:
            raise JobFailed(FailureCode.INTERNAL_ERROR, "This release no longer has the analysis.")
        document = talk.result_of(analysis).model_dump_json().encode()
        try:
            key = self.results.put(job.id, job.attempt, document)
        except Unavailable as away:
            raise TryAgain(away.dependency, deferred=True, code=FailureCode.INTERNAL_ERROR, after=LEASE_S) from away
        return JobResult(key, len(document), document.decode() if len(document) <= INLINE_RESULT_BYTES else None)

    def _give_back(self, job: ClaimedJob, talk: Conversation, again: TryAgain) -> None:
        if not again.deferred and job.attempts_spent >= MAX_ATTEMPTS:
            self._fail(job, talk, Failure.of(again.code, f"({again.reason}, {MAX_ATTEMPTS} attempts)"))
            return
        delay = self._delay(job, again)
        released = self._write_with_retry(
            lambda: self.store.release(job.id, job.attempt, again.reason, deferred=again.deferred, delay_seconds=delay)
        )
        if released:
            # A message of its own, so that waiting out a throttle does not use up the receive count of the first.
            self.queue.send(JobMessage.of(job.id, job.tenant_id), min(MAX_DELAY_S, delay))
            self.store.mark_enqueued(job.id)
        self._log_end(job, talk, again.reason, finished=released)

    def _write_with_retry(self, change: Callable[[], bool]) -> bool:
        for seconds in WRITE_RETRY_DELAYS_S:
            try:
                return change()
            except Unavailable as away:
                log.warning("end not written yet", dependency=away.dependency)
                self.pause(seconds)
        return change()

    def _delay(self, job: ClaimedJob, again: TryAgain) -> int:
        if again.after is not None:
            return math.ceil(again.after + self.random() * min(MAX_JITTER_S, again.after))
        times = job.failed_calls if again.deferred else job.attempts_spent - 1
        return self._spread(min(MAX_DELAY_S, 2 << min(times, 10)))

    def _fail(self, job: ClaimedJob, talk: Conversation, failure: Failure) -> None:
        finished = self._write_with_retry(lambda: self.store.fail(job.id, job.attempt, failure))
        self._log_end(job, talk, failure.code.value, finished=finished)

    def _not_claimed(self, message: JobMessage, why: NotClaimed) -> None:
        if why.status is None or why.status.final:
            log.info("nothing to do", job_id=message.job_id, status=why.status)  # a duplicate, or withdrawn
            return
        # Held by another worker, who may die, or not due yet: look again then.
        self.queue.send(message, min(MAX_DELAY_S, math.ceil(max(why.seconds_left, 0)) + 1))

    def _time_for_a_call(self, remaining: Callable[[], float]) -> bool:
        return remaining() >= self.model.longest_call + FINISH_MARGIN_S

    def _spread(self, longest: int) -> int:
        """Seconds, drawn from the upper half, so that a crowd does not come back as one."""
        return round(longest * (0.5 + self.random() / 2))

    def _log_end(self, job: ClaimedJob, talk: Conversation, outcome: str, *, finished: bool) -> None:
        usage = talk.bill.usage
        log.info(
            "attempt ended" if finished else "late result refused",
            job_id=job.id,
            attempt=job.attempt,
            outcome=outcome,
            calls=talk.calls,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=float(talk.bill.cost_usd),
        )
