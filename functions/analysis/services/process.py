"""Run one job: claim it, ask the model, store the result, finish. The heart of the pipeline.

Everything here may happen twice, or stop anywhere. A claim gives a lease and an attempt number; the result is stored
under that number, and only the running attempt can finish the job. So a job has at most one result, and a worker that
was thought dead and wakes up finds its late answer refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import SystemRandom
from uuid import UUID

from analysis.domain.analysis import AnyAnalysis
from analysis.domain.failure import FailureCode
from analysis.domain.job import INLINE_RESULT_BYTES, ClaimedJob, JobResult, JobStatus, NotClaimed
from analysis.errors import JobFailed, Redeliver, TryAgain
from analysis.observability import log
from analysis.services.answer import Conversation
from analysis.services.heartbeat import Heartbeat
from analysis.services.ports import Converse, Delivery, JobQueue, JobStore, ResultStore

LEASE_S = 30
"""A dead worker's job runs again after this long. The heartbeat renews it three times as often."""

MAX_ATTEMPTS = 3
"""Attempts that end in a crash or a fault. Fewer than the queue's receive count, so that a job fails with its reason
before its message goes to the dead-letter queue."""

MARGIN_S = 20.0
"""Kept after the longest model call for storing the result and giving the job back."""

MAX_DELAY_S = 900
"""The longest that SQS delays a message."""


@dataclass(frozen=True, slots=True)
class Process:
    """The use case behind a message on the queue."""

    store: JobStore
    queue: JobQueue
    results: ResultStore
    model: Converse
    analyses: Mapping[str, AnyAnalysis]
    random: Callable[[], float] = SystemRandom().random

    def __call__(self, job_id: UUID, delivery: Delivery, remaining: Callable[[], float]) -> None:
        """Bring the job one attempt further; ``remaining`` is the seconds left to this invocation.

        Returns when the message is done with. Raises Redeliver when it must come again, and Unavailable or
        ConfigurationFault when nothing can be done now.
        """
        if remaining() < self.model.longest_call + MARGIN_S:
            raise Redeliver("not enough time left to finish a call")
        job = self.store.claim(job_id, LEASE_S)
        if isinstance(job, NotClaimed):
            return _not_claimed(job_id, job)
        log.info("claimed", job_id=job.id, attempt=job.attempt, analysis=job.analysis, model_id=job.config.model.id)
        with Heartbeat(self.store, delivery, job, LEASE_S):
            self._attempt(job, remaining)
        return None

    def _attempt(self, job: ClaimedJob, remaining: Callable[[], float]) -> None:
        conversation = Conversation(self.model, job, lambda: remaining() >= self.model.longest_call + MARGIN_S)
        try:
            if job.attempts_spent > MAX_ATTEMPTS:
                raise JobFailed(FailureCode.ATTEMPTS_EXHAUSTED)  # noqa: TRY301 - failing is one thing, done below
            result = self._store_result(job, self._conclude(job, conversation))
            finished = self.store.succeed(job.id, job.attempt, conversation.bill, result)
            outcome = JobStatus.SUCCEEDED.value
        except JobFailed as failed:
            finished = self.store.fail(job.id, job.attempt, conversation.bill, failed.failure)
            outcome = failed.failure.code.value
        except TryAgain as again:
            return self._give_back(job, conversation, again)
        usage = conversation.bill.usage
        log.info(
            "finished" if finished else "late result refused",
            job_id=job.id,
            attempt=job.attempt,
            outcome=outcome,
            calls=conversation.calls,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=float(conversation.bill.cost_usd),
        )
        return None

    def _conclude(self, job: ClaimedJob, conversation: Conversation) -> bytes:
        analysis = self.analyses.get(job.analysis)
        if analysis is None:
            raise JobFailed(FailureCode.INTERNAL_ERROR, "This release no longer has the analysis.")
        return conversation.result_of(analysis).model_dump_json().encode()

    def _store_result(self, job: ClaimedJob, document: bytes) -> JobResult:
        key = self.results.put(job.id, job.attempt, document)
        inline = document.decode() if len(document) <= INLINE_RESULT_BYTES else None
        return JobResult(key, len(document), inline)

    def _give_back(self, job: ClaimedJob, conversation: Conversation, again: TryAgain) -> None:
        bill = conversation.bill
        if not again.deferred and job.attempts_spent >= MAX_ATTEMPTS:
            failure = JobFailed(again.code, f"({again.reason}, {MAX_ATTEMPTS} attempts)").failure
            self.store.fail(job.id, job.attempt, bill, failure)
            log.info("finished", job_id=job.id, attempt=job.attempt, outcome=failure.code.value)
            return
        if not self.store.release(job.id, job.attempt, bill, again.reason, deferred=again.deferred):
            return  # another attempt runs: this one's answer is nobody's business any more
        delay = self._delay(job.deferrals if again.deferred else job.attempts_spent - 1)
        # A message of its own, so that waiting out a throttle does not use up the receive count of the first.
        self.queue.send(job.id, delay)
        self.store.mark_enqueued(job.id)
        log.info("released", job_id=job.id, attempt=job.attempt, reason=again.reason, delay_s=delay)

    def _delay(self, times: int) -> int:
        """Seconds: exponential from 2 s to 15 minutes, drawn from the upper half, so that a crowd spreads out."""
        longest: int = min(MAX_DELAY_S, 2 << min(times, 10))
        return round(longest * (0.5 + self.random() / 2))


def _not_claimed(job_id: UUID, why: NotClaimed) -> None:
    if why.status is None or why.status.final:
        log.info("nothing to do", job_id=job_id, status=why.status)  # a duplicate, or withdrawn: done with
        return
    raise Redeliver("another worker holds the job", after=max(why.lease_left, 0.0) + 1.0)
