"""The history of a run: all that the judge looks at. Saved as JSON, so that it can be judged again."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

FINAL = frozenset({"succeeded", "failed", "cancelled"})


class Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Submission(Record):
    """One request ``POST /analyze``, and what became of it."""

    number: int
    """Of the document: a client that gets no 202 sends it again."""
    key: str | None
    sent_at: float
    answered_at: float
    status: int
    """0: no answer."""
    job_id: str | None = None


class View(Record):
    """The states of a job, as one client saw them one after the other."""

    job_id: str
    states: list[str]


class Cancellation(Record):
    """A request to cancel, and the status of its answer."""

    job_id: str
    status: int


class Event(Record):
    """A row of job_events."""

    id: int
    job_id: str
    at: float
    event: str
    from_status: str | None
    to_status: str | None
    attempt: int
    reason: str | None = None


class Job(Record):
    """A row of jobs."""

    id: str
    tenant_id: str
    key: str | None
    number: int
    """Of the document that it was made for."""
    status: str
    attempt: int
    deferrals: int
    result_key: str | None = None
    result_bytes: int | None = None
    error_code: str | None = None


class LedgerRow(Record):
    """A row of model_calls."""

    job_id: str
    attempt: int
    started_at: float
    outcome: str | None
    tenant_id: str
    day: str
    reserved_usd: Decimal
    cost_usd: Decimal | None
    """None: nobody knows, so what was reserved stays spent."""


class Spend(Record):
    """A row of daily_spend."""

    day: str
    tenant_id: str
    """Empty: the whole stage."""
    usd: Decimal


class ModelCall(Record):
    """A request to the model, as the proxy saw it."""

    worker: int
    job_id: str
    attempt: int
    began_at: float
    ended_at: float | None
    outcome: str


class StoredObject(Record):
    """What S3 holds under a key. More than one version: it was overwritten."""

    key: str
    size: int
    versions: int


class Strike(Record):
    """A worker that was killed or frozen in the middle of a job."""

    fault: str
    at: float
    job_id: str
    attempt: int


class Refused(Record):
    """A log line: a worker's late result was refused."""

    job_id: str
    attempt: int


class History(Record):
    """A whole run."""

    seed: int
    wanted_jobs: int
    faults: list[str]
    throttled: bool
    mutant: str | None
    factor: float
    lease: float
    model_cap: int
    began_at: float
    ended_at: float
    submissions: list[Submission]
    views: list[View]
    cancellations: list[Cancellation]
    events: list[Event]
    jobs: list[Job]
    ledger: list[LedgerRow]
    spend: list[Spend]
    model_calls: list[ModelCall]
    objects: list[StoredObject]
    dead_letters: list[str]
    """Bodies."""
    strikes: list[Strike]
    late_refused: list[Refused]
    nothing_to_do: list[str]
    """Jobs of which a worker logged that a message had nothing to do."""
    put_off: list[str]
    """Jobs of which a worker logged that it was put off, once for each time: something that it needed was away."""
    buried: list[str]
    """Jobs of which the consumer of the dead-letter queue logged that their message has died."""
    evidence: dict[str, int]
    """What the proxies, the emulator and the drivers counted, by fault."""
    duplicated: list[str] = []
    delayed: list[str] = []

    def events_of(self) -> dict[str, list[Event]]:
        """By job, in order."""
        found: dict[str, list[Event]] = {}
        for event in self.events:
            found.setdefault(event.job_id, []).append(event)
        return found

    def accepted(self) -> set[str]:
        """The ids of all answers 202."""
        return {s.job_id for s in self.submissions if s.status == 202 and s.job_id}
