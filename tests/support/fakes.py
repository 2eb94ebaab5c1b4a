"""Fakes of the ports. The job store passes the same contract as the one in PostgreSQL: see ``job_store_contract``."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pipeline.jobs.domain.admission import UNLIMITED, Admission, DailyLimit
from pipeline.jobs.domain.failure import Failure
from pipeline.jobs.domain.job import (
    Cancellation,
    ClaimedJob,
    JobMessage,
    JobResult,
    JobStatus,
    JobView,
    NewJob,
    NotClaimed,
    SubmittedJob,
)
from pipeline.jobs.domain.listing import Cursor, JobFilter, Page
from pipeline.jobs.errors import DailyLimitReached, ForeignObject, QueueTooCostly, TooManyQueued
from pipeline.models.calls import CallBegun, CallDenied, CallOutcome, DenialReason, PlannedCall
from pipeline.models.chat import ChatAnswer, ChatRequest
from pipeline.models.converse import converse_request, read_answer
from pipeline.models.prices import Usage
from pipeline.models.stage_config import ConfigAndRules, Limits, StageConfig
from pipeline.platform.errors import Unavailable

from tests.support.policy import POLICY
from tests.support.spending import Spending


class FakeClock:
    """A clock that a test advances."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class _Stored:
    job: NewJob
    created_at: datetime
    status: JobStatus = JobStatus.QUEUED
    attempt: int = 0
    deferrals: int = 0
    enqueued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    lease_until: datetime | None = None
    due_at: datetime | None = None
    result: JobResult | None = None
    failure: Failure | None = None
    max_cost_usd: Decimal = Decimal(0)
    erased_at: datetime | None = None
    objects_due_at: datetime | None = None

    def erase(self, now: datetime) -> None:
        """Remove the content of a job that has ended."""
        assert self.status.final
        self.job = replace(self.job, input={}, metadata={}, idempotency_key=None, request_fingerprint=b"")
        self.failure = self.failure and replace(Failure.of(self.failure.code), retryable=self.failure.retryable)
        self.result, self.erased_at, self.objects_due_at = None, now, now


def _without_result(view: JobView) -> JobView:
    return replace(view, result=None, result_key=None, result_sha256=None)


def _max_cost(queued: list[_Stored]) -> Decimal:
    return sum((row.max_cost_usd for row in queued), Decimal(0))


def _stored_bytes(job: NewJob) -> int:
    return sum(len(json.dumps(stored, ensure_ascii=False).encode()) for stored in (job.input, job.metadata))


class InMemoryJobStore:
    """``JobStore`` in a dictionary, with the ledger that a job's usage comes from."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.ledger = InMemoryCallLedger(clock)
        self.rows: dict[UUID, _Stored] = {}
        self.submitted: list[NewJob] = []
        """All jobs but the withdrawn ones. The fake knows one day only."""
        self.redrives: dict[UUID, UUID] = {}
        """The failed job by its redrive, oldest first."""

    def submit(self, job: NewJob, admission: Admission = UNLIMITED) -> SubmittedJob:
        for row in self.rows.values():
            same_key = job.idempotency_key and row.job.idempotency_key == job.idempotency_key
            if row.job.id == job.id or (same_key and row.job.tenant_id == job.tenant_id):
                return SubmittedJob(
                    row.job.id, row.created_at, row.job.request_fingerprint, row.enqueued_at is not None
                )
        self._admit(job, admission)
        self.record(job, admission.max_cost_usd)
        self.submitted.append(job)
        return SubmittedJob(job.id, self._clock(), job.request_fingerprint, enqueued=False)

    def record(self, job: NewJob, max_cost_usd: Decimal) -> None:
        """Record a job that no tenant submitted."""
        self.rows[job.id] = _Stored(job, self._clock(), max_cost_usd=max_cost_usd)

    def _admit(self, job: NewJob, limits: Admission) -> None:
        queued = [row for row in self.rows.values() if row.status is JobStatus.QUEUED]
        own = [row for row in queued if row.job.tenant_id == job.tenant_id]
        if limits.max_queued is not None and len(own) >= limits.max_queued:
            raise TooManyQueued(limits.max_queued)
        today = [done for done in self.submitted if done.tenant_id == job.tenant_id]
        spent = self.ledger.spent_today(job.tenant_id)
        for reached, limit, used in (
            (DailyLimit.USD, limits.daily_usd_per_tenant, spent.tenant + limits.max_cost_usd),
            (DailyLimit.USD, limits.daily_usd, spent.stage + limits.max_cost_usd),
            (DailyLimit.JOBS, limits.max_jobs_per_day, len(today) + 1),
            (DailyLimit.BYTES, limits.max_bytes_per_day, sum(map(_stored_bytes, [*today, job]))),
        ):
            if limit is not None and used > limit:
                raise DailyLimitReached(reached, seconds_to_midnight(self._clock()))
        for limit, used in (
            (limits.daily_usd_per_tenant, spent.tenant + _max_cost(own)),
            (limits.daily_usd, spent.stage + _max_cost(queued)),
        ):
            if limit is not None and used + limits.max_cost_usd > limit:
                raise QueueTooCostly

    def find_by_key(self, tenant_id: str, idempotency_key: str) -> SubmittedJob | None:
        for row in self.rows.values():
            if (row.job.tenant_id, row.job.idempotency_key) == (tenant_id, idempotency_key):
                return SubmittedJob(
                    row.job.id, row.created_at, row.job.request_fingerprint, row.enqueued_at is not None
                )
        return None

    def mark_enqueued(self, job_id: UUID, tenant_id: str | None = None) -> bool:
        row = self._row_of(job_id, tenant_id)
        if row and not row.status.final:
            row.enqueued_at = self._clock()
        return row is not None

    def withdraw(self, job_id: UUID, tenant_id: str) -> bool:
        row = self._row_of(job_id, tenant_id)
        if row and row.status is JobStatus.QUEUED and row.attempt == 0 and row.enqueued_at is None:
            self.submitted.remove(self.rows.pop(job_id).job)
        return self._row_of(job_id, tenant_id) is None

    def get(self, job_id: UUID, tenant_id: str) -> JobView | None:
        row = self.rows.get(job_id)
        if row is None or row.job.tenant_id != tenant_id:
            return None
        return JobView(
            id=job_id,
            status=row.status,
            analysis=row.job.analysis,
            model_id=row.job.config.model.id,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            attempts=row.attempt,
            result=json.loads(row.result.result_json) if row.result and row.result.result_json else None,
            result_key=row.result.key if row.result else None,
            result_sha256=row.result.sha256 if row.result else None,
            usage=self.ledger.usage_of(job_id),
            cost_usd=float(self.ledger.cost_of(job_id)),
            failure=row.failure,
            metadata=row.job.metadata,
            redrive_of=self.redrives.get(job_id),
            redriven_as=self.redriven_as(job_id),
            erased_at=row.erased_at,
        )

    def redriven_as(self, job_id: UUID) -> UUID | None:
        made = [new for new, of in self.redrives.items() if of == job_id]
        return made[-1] if made else None

    def list_jobs(self, tenant_id: str, filter_: JobFilter) -> Page:
        found = [
            row
            for row in sorted(self.rows.values(), key=lambda row: (row.created_at, row.job.id), reverse=True)
            if row.job.tenant_id == tenant_id
            and filter_.status in (None, row.status)
            and filter_.analysis in (None, row.job.analysis)
            and (filter_.created_from is None or row.created_at >= filter_.created_from)
            and (filter_.created_before is None or row.created_at < filter_.created_before)
            and (filter_.after is None or (row.created_at, row.job.id) < (filter_.after.created_at, filter_.after.id))
        ]
        views = [view for row in found[: filter_.limit] if (view := self.get(row.job.id, tenant_id))]
        jobs = [replace(_without_result(view), redrive_of=None, redriven_as=None) for view in views]
        more = len(found) > filter_.limit
        return Page(jobs, Cursor(jobs[-1].created_at, jobs[-1].id) if more else None)

    def cancel(self, job_id: UUID, tenant_id: str) -> Cancellation:
        row = self.rows.get(job_id)
        cancelled = row is not None and row.job.tenant_id == tenant_id and not row.status.final
        if row and cancelled:
            row.status, row.finished_at, row.lease_until, row.due_at = JobStatus.CANCELLED, self._clock(), None, None
        view = self.get(job_id, tenant_id)
        return Cancellation(view and _without_result(view), cancelled=cancelled)

    def erase(self, job_id: UUID, tenant_id: str) -> JobView | None:
        row = self.rows.get(job_id)
        if row and row.job.tenant_id == tenant_id and row.status.final and row.erased_at is None:
            row.erase(self._clock())
        view = self.get(job_id, tenant_id)
        return view and _without_result(view)

    def claim(self, job_id: UUID, lease_seconds: int) -> ClaimedJob | NotClaimed:
        row = self.rows.get(job_id)
        if row is None:
            return NotClaimed(None)
        until = row.lease_until or row.due_at
        left = (until - self._clock()).total_seconds() if until else 0.0
        if row.status.final or left > 0:
            return NotClaimed(row.status, left)
        row.due_at = None
        row.status = JobStatus.RUNNING
        row.attempt += 1
        row.started_at = row.started_at or self._clock()
        row.lease_until = self._clock() + timedelta(seconds=lease_seconds)
        job = row.job
        stored = json.loads(job.config.as_json())
        claim = (row.attempt, row.deferrals, job.analysis, job.input, row.created_at, stored)
        failed, paid = self.ledger.failed_calls_of(job_id), self.ledger.paid_calls_of(job_id)
        return ClaimedJob(job_id, job.tenant_id, *claim, failed_calls=failed, paid_calls=paid)

    def extend_lease(self, job_id: UUID, attempt: int, lease_seconds: int) -> bool:
        row = self._running(job_id, attempt)
        if row:
            row.lease_until = self._clock() + timedelta(seconds=lease_seconds)
        return row is not None

    def release(self, job_id: UUID, attempt: int, reason: str, *, deferred: bool, delay_seconds: int) -> bool:
        row = self._end(job_id, attempt, JobStatus.QUEUED)
        if row:
            row.due_at = self._clock() + timedelta(seconds=delay_seconds)
            row.enqueued_at = None
            row.deferrals += int(deferred)
        return self._ended_as(job_id, attempt, JobStatus.QUEUED)

    def succeed(self, job_id: UUID, attempt: int, result: JobResult) -> bool:
        row = self._end(job_id, attempt, JobStatus.SUCCEEDED)
        if row:
            row.result = result
        return self._ended_as(job_id, attempt, JobStatus.SUCCEEDED)

    def fail(self, job_id: UUID, attempt: int, failure: Failure) -> bool:
        row = self._end(job_id, attempt, JobStatus.FAILED)
        if row:
            row.failure = failure
        return self._ended_as(job_id, attempt, JobStatus.FAILED)

    def stranded(self, overdue_s: int, backlog_s: int, limit: int) -> list[JobMessage]:
        def age(at: datetime | None) -> float:
            return (self._clock() - at).total_seconds() if at else float("inf")

        found = []
        for job_id, row in self.rows.items():
            waits = age(row.enqueued_at or row.created_at) > backlog_s
            overdue = age(row.due_at) > overdue_s
            if (
                (
                    row.status is JobStatus.QUEUED
                    and row.enqueued_at is None
                    and age(row.due_at or row.created_at) > overdue_s
                )
                or (row.status is JobStatus.QUEUED and row.enqueued_at is not None and waits and overdue)
                or (row.status is JobStatus.RUNNING and age(row.lease_until) > overdue_s and waits)
            ):
                found.append(JobMessage.of(job_id, row.job.tenant_id))
        return found[:limit]

    def ping(self) -> None: ...

    def _row_of(self, job_id: UUID, tenant_id: str | None) -> _Stored | None:
        """The job, if the tenant may see it; without a tenant, as a worker that sees all."""
        row = self.rows.get(job_id)
        return row if row and tenant_id in (None, row.job.tenant_id) else None

    def _running(self, job_id: UUID, attempt: int) -> _Stored | None:
        row = self.rows.get(job_id)
        return row if row and row.status is JobStatus.RUNNING and row.attempt == attempt else None

    def _end(self, job_id: UUID, attempt: int, status: JobStatus) -> _Stored | None:
        row = self._running(job_id, attempt)
        if row:
            row.status = status
            row.lease_until = None
            row.finished_at = self._clock() if status.final else None
        return row

    def _ended_as(self, job_id: UUID, attempt: int, status: JobStatus) -> bool:
        row = self.rows.get(job_id)
        return bool(row and row.status is status and row.attempt == attempt)


@dataclass
class _Call:
    call: PlannedCall
    day: date
    marks_prefix: bool
    end: CallOutcome | None = None


@dataclass
class _PrefixAccount:
    writes_left: Decimal
    last_call_at: datetime


class InMemoryCallLedger:
    """``CallLedger`` in a dictionary, without the models' health."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._prefixes: dict[UUID, _PrefixAccount] = {}
        self.calls: dict[UUID, _Call] = {}
        self.denial: CallDenied | None = None
        """The answer of ``begin``, if a test sets one."""

    def begin(self, call: PlannedCall, limits: Limits) -> CallBegun | CallDenied:
        if known := self.calls.get(call.id):
            return CallBegun(known.marks_prefix)
        if self.denial:
            return self.denial
        now = self._clock()
        holding = [known for known in self.calls.values() if known.end is None]
        if no_slot_left([known.call for known in holding], call, limits.concurrent_model_calls):
            return CallDenied(DenialReason.NO_SLOT, 5.0)
        spent = self.spent_today(call.owner.tenant_id)
        for limit, used in ((limits.daily_usd_per_tenant, spent.tenant), (limits.daily_usd, spent.stage)):
            if limit is not None and used + call.max_cost_usd > limit:
                return CallDenied(DenialReason.DAILY_LIMIT, min(seconds_to_midnight(now), 600.0))
        begun = CallBegun(self._marks_prefix(call, now))
        self.calls[call.id] = _Call(call, now.date(), begun.marks_prefix)
        return begun

    def end(self, call_id: UUID, outcome: CallOutcome) -> None:
        known = self.calls[call_id]
        if known.end is None:
            known.end = outcome
            self._gain(known, outcome)

    def _marks_prefix(self, call: PlannedCall, now: datetime) -> bool:
        if call.prefix is None:
            return False
        rules, account = POLICY.prompt_cache, self._prefixes.get(call.prefix.id)
        left = (account.writes_left if account else rules.first_writes) + Decimal(1) / rules.calls_per_write
        used_lately = account is not None and account.last_call_at > now - timedelta(seconds=rules.lifetime_s)
        marks = used_lately and left >= 1
        self._prefixes[call.prefix.id] = _PrefixAccount(left - marks, now)
        return marks

    def _gain(self, known: _Call, outcome: CallOutcome) -> None:
        if not known.marks_prefix or known.call.prefix is None or outcome.cost_usd is None:
            return
        if outcome.usage.cache_write_tokens == 0:
            account = self._prefixes[known.call.prefix.id]
            gained = known.call.prefix.writes_per_read if outcome.usage.cache_read_tokens else Decimal(0)
            account.writes_left = min(account.writes_left + 1 + gained, Decimal(POLICY.prompt_cache.most_writes))

    def stage_spending(self) -> Decimal:
        return self.spent_today("").stage

    def spent_today(self, tenant_id: str) -> Spending:
        today = [known for known in self.calls.values() if known.day == self._clock().date()]
        return Spending(
            sum((_cost(known) for known in today if known.call.owner.tenant_id == tenant_id), Decimal(0)),
            sum((_cost(known) for known in today), Decimal(0)),
        )

    def writes_left(self) -> dict[UUID, Decimal]:
        """The accounts of the prefixes."""
        return {prefix_id: account.writes_left for prefix_id, account in self._prefixes.items()}

    def usage_of(self, job_id: UUID) -> Usage:
        return sum((end.usage for end in self._ends(job_id)), Usage())

    def failed_calls_of(self, job_id: UUID) -> int:
        return sum(end.outcome != "answered" for end in self._ends(job_id))

    def paid_calls_of(self, job_id: UUID) -> int:
        calls = [known for known in self.calls.values() if known.call.owner.id == job_id]
        return sum(known.end is None or known.end.cost_usd != 0 for known in calls)

    def cost_of(self, job_id: UUID) -> Decimal:
        return sum((end.cost_usd or Decimal(0) for end in self._ends(job_id)), Decimal(0))

    def _ends(self, job_id: UUID) -> list[CallOutcome]:
        return [known.end for known in self.calls.values() if known.call.owner.id == job_id and known.end]


def no_slot_left(holding: list[PlannedCall], call: PlannedCall, slots: int | None) -> bool:
    """Whether every slot is taken, or only the last one is free and the call's tenant holds another."""
    if slots is None:
        return False
    own = any(held.owner.tenant_id == call.owner.tenant_id for held in holding)
    return len(holding) >= slots - int(own)


def seconds_to_midnight(now: datetime) -> float:
    """Seconds until the next day begins, in UTC."""
    return (datetime.combine(now.date() + timedelta(days=1), time(), UTC) - now).total_seconds()


def _cost(known: _Call) -> Decimal:
    settled = known.end is not None and known.end.cost_usd is not None
    return known.end.cost_usd if settled else known.call.max_cost_usd  # type: ignore[union-attr, return-value]


@dataclass
class FakeQueue:
    """``JobQueue`` that records the sent messages. ``down`` makes it fail."""

    sent: list[tuple[UUID, int]] = field(default_factory=list)
    groups: list[str | None] = field(default_factory=list)
    down: bool = False
    backlog: bool = False
    before_send: Callable[[UUID], None] = lambda _job_id: None

    def send(self, message: JobMessage, delay_seconds: int = 0) -> None:
        self.before_send(message.job_id)
        if self.down:
            raise Unavailable("queue")
        self.sent.append((message.job_id, delay_seconds))
        self.groups.append(message.group)

    def has_backlog(self) -> bool:
        return self.backlog

    def ping(self) -> None:
        if self.down:
            raise Unavailable("queue")


@dataclass
class FakeDelivery:
    """``Delivery`` that records the seconds for which a message was hidden."""

    hidden: list[int] = field(default_factory=list)

    def hide(self, seconds: int) -> None:
        self.hidden.append(seconds)


@dataclass
class FakeResults:
    """``ResultStore`` in a dictionary. ``down`` makes deletions fail."""

    objects: dict[str, bytes] = field(default_factory=dict)
    down: bool = False

    def put(self, job_id: UUID, attempt: int, content: bytes) -> str:
        key = f"results/{job_id}/{attempt}.json"
        if self.objects.setdefault(key, content) != content:
            raise ForeignObject(key)
        return key

    def delete(self, job_id: UUID) -> None:
        if self.down:
            raise Unavailable("storage")
        self.objects = {key: content for key, content in self.objects.items() if f"/{job_id}/" not in key}

    def url(self, key: str) -> str:
        return f"https://results.test/{key}?signature"


@dataclass
class ScriptedModel:
    """``ChatModel`` that follows a script: Converse answers, or errors to raise, in order."""

    script: list[dict[str, Any] | Exception]
    longest_call_s: float = 125.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    """The requests in the format of Converse."""
    during: Callable[[], None] = lambda: None

    def ask(self, request: ChatRequest) -> ChatAnswer:
        self.requests.append(converse_request(request))
        self.during()
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return read_answer(step)


def tool_answer(
    answer: object, *, stop_reason: str = "tool_use", tokens: tuple[int, int] = (100, 20), name: str = "record_result"
) -> dict[str, Any]:
    """A Converse answer that calls the tool."""
    block = {"toolUse": {"toolUseId": "tooluse_1", "name": name, "input": answer}}
    return _answer([block], stop_reason, tokens)


def text_answer(text: str, *, stop_reason: str = "end_turn", tokens: tuple[int, int] = (100, 20)) -> dict[str, Any]:
    """A Converse answer that is text without a tool call."""
    return _answer([{"text": text}] if text else [], stop_reason, tokens)


def _answer(content: list[dict[str, Any]], stop_reason: str, tokens: tuple[int, int]) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason,
        "usage": {"inputTokens": tokens[0], "outputTokens": tokens[1], "totalTokens": sum(tokens)},
        "metrics": {"latencyMs": 1},
    }


@dataclass
class FixedConfiguration:
    """``Configuration`` with values that a test sets."""

    stage: StageConfig = field(default_factory=StageConfig)
    rules: dict[str, Any] = field(default_factory=dict)

    def current(self) -> ConfigAndRules:
        return ConfigAndRules(self.stage, self.rules)
