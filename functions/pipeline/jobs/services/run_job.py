"""Run one job: claim it, ask the model, store the result, finish. The heart of the pipeline.

Every step may happen twice or stop anywhere. A claim gives a lease and an attempt number, the result is stored under
that number, and only the running attempt can finish the job. So a job has at most one result, and the late result of a
worker that lost its lease is refused.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.definitions.analysis import AnyAnalysis
from pipeline.jobs.domain.failure import Failure, FailureCode
from pipeline.jobs.domain.job import ClaimedJob, JobMessage, JobResult, JobStatus, NotClaimed
from pipeline.jobs.errors import AttemptFailed, Deferred, ForeignObject, JobFailed, OutOfTime
from pipeline.jobs.ports import Delivery, JobQueue, JobStore, ResultStore
from pipeline.jobs.services.analysis_run import AnalysisRun
from pipeline.jobs.services.delays import Delays
from pipeline.jobs.services.heartbeat import Heartbeat
from pipeline.models.calls import CallOwner
from pipeline.models.ledgered_chat import LedgeredChat
from pipeline.models.ports import CallLedger, ChatModel, StageConfigSource
from pipeline.models.stage_config import Limits
from pipeline.platform.errors import ConfigurationError, Unavailable
from pipeline.platform.observability import log
from pipeline.platform.policy import Policy


@dataclass(frozen=True, slots=True)
class RunJob:
    """The use case behind a message on the job queue."""

    store: JobStore
    queue: JobQueue
    results: ResultStore
    model: ChatModel
    ledger: CallLedger
    stage_config: StageConfigSource
    analyses: Mapping[str, AnyAnalysis]
    policy: Policy
    delays: Delays
    sleep: Callable[[float], object] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def run(self, message: JobMessage, delivery: Delivery, remaining_s: Callable[[], float]) -> None:
        """Run one attempt of the job. ``remaining_s`` returns the seconds left to this invocation.

        Returns when the message is done with: the job has ended, or it has another message. Raises OutOfTime, or
        Unavailable if not even another message could be sent; then this message must be delivered again.
        """
        lease_s = self.policy.lease.lease_s
        delivery.hide(lease_s)  # from here on, the message reappears soon if the worker dies
        if not self._time_for_a_call(remaining_s):
            raise OutOfTime
        try:
            limits = self.stage_config.current().config.limits
            job = self.store.claim(message.job_id, lease_s)
            if isinstance(job, NotClaimed):
                self._not_claimed(message, job)
            else:
                self._attempt(job, limits, delivery, remaining_s)
        except (Unavailable, ConfigurationError) as exc:
            # Not caused by the job: a new message keeps it out of the dead-letter queue.
            log.error("job postponed", exc, job_id=message.job_id, reason=str(exc))
            self.queue.send(message, self.delays.after_outage())

    def _attempt(self, job: ClaimedJob, limits: Limits, delivery: Delivery, remaining_s: Callable[[], float]) -> None:
        log.info("claimed", job_id=job.id, attempt=job.attempt, analysis=job.analysis)
        heartbeat = Heartbeat(self.store, delivery, job, self.policy.lease)
        owner = CallOwner("job", job.id, job.tenant_id, job.attempt)
        model_policy = self.policy.model
        chat = LedgeredChat(self.model, self.ledger, limits, owner, slot_margin_s=model_policy.slot_margin_s)

        def may_call() -> bool:  # a worker that lost its job pays for no further call of it
            return self._time_for_a_call(remaining_s) and not heartbeat.lost

        paid_calls_left = model_policy.paid_calls_per_job - job.paid_calls
        run = AnalysisRun(chat, job, may_call, max_answers=min(model_policy.answers_per_attempt, paid_calls_left))
        with heartbeat:
            try:
                result = self._result(job, run)
            except JobFailed as exc:
                self._fail(job, chat, exc.failure)
            except Deferred as exc:
                self._give_back(job, chat, exc)
            except AttemptFailed as exc:
                self._give_back_or_fail(job, chat, exc)
            except (Unavailable, ConfigurationError) as exc:
                # Not caused by the job, so that it loses no attempt. If the database is down, ``run`` postpones it.
                log.error("attempt given back", exc, job_id=job.id, attempt=job.attempt, reason=str(exc))
                cause = exc.dependency if isinstance(exc, Unavailable) else "configuration"
                self._give_back(job, chat, Deferred(cause, after_s=self.policy.lease.lease_s))
            except Exception as exc:  # noqa: BLE001 - an unexpected error spends an attempt, and the job reports it
                log.error("attempt failed", exc, job_id=job.id, attempt=job.attempt)
                self._give_back_or_fail(job, chat, AttemptFailed(type(exc).__name__, FailureCode.INTERNAL_ERROR))
            else:
                finished = self._write_with_retry(lambda: self.store.succeed(job.id, job.attempt, result))
                self._log_end(job, chat, JobStatus.SUCCEEDED.value, finished=finished)

    def _result(self, job: ClaimedJob, run: AnalysisRun) -> JobResult:
        if job.attempts_spent > self.policy.attempts.max_attempts:
            raise JobFailed(FailureCode.ATTEMPTS_EXHAUSTED)
        max_age = timedelta(seconds=self.policy.attempts.max_age_s)
        if self.now() - job.created_at > max_age:
            raise JobFailed(FailureCode.EXPIRED, f"(It was submitted more than {max_age.days} days ago.)")
        if job.paid_calls >= self.policy.model.paid_calls_per_job:
            raise JobFailed(FailureCode.ATTEMPTS_EXHAUSTED, f"({job.paid_calls} paid answers)")
        analysis = self.analyses.get(job.analysis)
        if analysis is None:
            raise JobFailed(FailureCode.INTERNAL_ERROR, "This release no longer has the analysis.")
        content = run.result(analysis).model_dump_json().encode()
        try:
            key = self.results.put(job.id, job.attempt, content)
        except Unavailable as exc:
            raise Deferred(exc.dependency, after_s=self.policy.lease.lease_s) from exc
        except ForeignObject as exc:
            log.error("result has a foreign object", exc, job_id=job.id, attempt=job.attempt)
            raise AttemptFailed("foreign object", FailureCode.INTERNAL_ERROR) from exc  # the next one has its own key
        return JobResult.of(key, content)

    def _give_back_or_fail(self, job: ClaimedJob, chat: LedgeredChat, cause: AttemptFailed) -> None:
        max_attempts = self.policy.attempts.max_attempts
        if job.attempts_spent >= max_attempts:
            self._fail(job, chat, Failure.of(cause.code, f"({cause.reason}, {max_attempts} attempts)"))
        else:
            self._give_back(job, chat, cause)

    def _give_back(self, job: ClaimedJob, chat: LedgeredChat, cause: Deferred | AttemptFailed) -> None:
        deferred = isinstance(cause, Deferred)
        delay_s = self.delays.after(job, cause)
        released = self._write_with_retry(
            lambda: self.store.release(job.id, job.attempt, cause.reason, deferred=deferred, delay_seconds=delay_s)
        )
        if released:
            # A new message, so that waiting out a throttle does not use up the receive count of the old one.
            self.queue.send(JobMessage.of(job.id, job.tenant_id), delay_s)
            self.store.mark_enqueued(job.id)
        self._log_end(job, chat, cause.reason, finished=released)

    def _fail(self, job: ClaimedJob, chat: LedgeredChat, failure: Failure) -> None:
        finished = self._write_with_retry(lambda: self.store.fail(job.id, job.attempt, failure))
        self._log_end(job, chat, failure.code.value, finished=finished)

    def _write_with_retry(self, write: Callable[[], bool]) -> bool:
        for seconds in self.policy.attempts.write_retry_delays_s:
            try:
                return write()
            except Unavailable as exc:
                log.warning("end of attempt not written yet", dependency=exc.dependency)
                self.sleep(seconds)
        return write()

    def _not_claimed(self, message: JobMessage, refusal: NotClaimed) -> None:
        if refusal.status is None or refusal.status.final:
            log.info("nothing to do", job_id=message.job_id, status=refusal.status)  # a duplicate, or withdrawn
            return
        # Another worker holds it and may die, or it is not due yet: look again then.
        self.queue.send(message, self.delays.until(refusal.seconds_left))

    def _time_for_a_call(self, remaining_s: Callable[[], float]) -> bool:
        return remaining_s() >= self.model.longest_call_s + self.policy.attempts.finish_margin_s

    def _log_end(self, job: ClaimedJob, chat: LedgeredChat, outcome: str, *, finished: bool) -> None:
        log.info(
            "attempt ended" if finished else "late result refused",
            job_id=job.id,
            attempt=job.attempt,
            outcome=outcome,
            answers=chat.answers,
            input_tokens=chat.usage.input_tokens,
            output_tokens=chat.usage.output_tokens,
            cost_usd=float(chat.cost_usd),
        )
