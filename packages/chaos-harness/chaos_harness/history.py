"""The history of a run: the only input of the judge. It is saved as JSON and can be judged again."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict

FINAL = frozenset({"succeeded", "failed", "cancelled"})


class Record(BaseModel):
    """A part of the history. Times are Unix times in seconds."""

    model_config = ConfigDict(frozen=True)


class Submission(Record):
    """A request ``POST /analyze`` and its answer."""

    number: int
    """Number of the document. A client that gets no 202 submits it again."""
    key: str | None
    sent_at: float
    answered_at: float
    status: int
    """HTTP status; 0 if there was no answer."""
    job_id: str | None = None
    tenant: str = ""


class View(Record):
    """The states of a job in the order in which one client saw them."""

    job_id: str
    states: list[str]


class Cancellation(Record):
    """A request to cancel a job, and the HTTP status of the answer."""

    job_id: str
    status: int


class Event(Record):
    """A recorded change of a job."""

    id: int
    job_id: str
    at: float
    event: str
    from_status: str | None
    to_status: str | None
    attempt: int
    reason: str | None = None


class Job(Record):
    """A job at the end of the run."""

    id: str
    tenant_id: str
    key: str | None
    number: int
    """Number of its document."""
    status: str
    attempt: int
    deferrals: int
    result_key: str | None = None
    expected_result_key: str | None = None
    """The key that the product derives from the job and its last attempt."""
    result_bytes: int | None = None
    input_bytes: int = 0
    """Of the document and its metadata."""
    error_code: str | None = None


class LedgerRow(Record):
    """A model call in the product's ledger."""

    job_id: str
    attempt: int
    started_at: float
    outcome: str | None
    tenant_id: str
    day: str
    reserved_usd: Decimal
    cost_usd: Decimal | None
    """``None`` if the cost is unknown: the reserved amount then counts as spent."""


class Spend(Record):
    """The recorded spending of a day."""

    day: str
    tenant_id: str
    """Empty for the whole stage."""
    usd: Decimal


class ModelCall(Record):
    """A request to the model that passed the proxy."""

    worker: int
    job_id: str
    attempt: int
    began_at: float
    ended_at: float | None
    outcome: str


class Outage(Record):
    """A time in which model calls failed together."""

    began_at: float
    ended_at: float
    """The moment after which the model answers again."""
    refused: int
    """Calls that failed."""


class StoredObject(Record):
    """An object in S3. With more than one version it was overwritten."""

    key: str
    size: int
    versions: int


class WorkerFault(Record):
    """A kill or a freeze of a worker during a job."""

    fault: str
    at: float
    job_id: str
    attempt: int


class Refused(Record):
    """A logged refusal of a late result."""

    job_id: str
    attempt: int


class History(Record):
    """The history of one run. ``lease`` is in seconds of the run, ``factor`` its pace."""

    seed: int
    requested_jobs: int
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
    """Bodies of the messages in a dead-letter queue."""
    worker_faults: list[WorkerFault]
    late_refused: list[Refused]
    nothing_to_do: list[str]
    """Jobs whose worker logged that a message had no work left."""
    postponed: list[str]
    """Jobs that a worker postponed because a service was down; once for each log line."""
    recorded_dead_letters: list[str]
    """Jobs with a dead letter that the product has recorded."""
    evidence: dict[str, int]
    """Injections that the proxies, the emulator and the drivers counted, by fault."""
    duplicated: list[str] = []
    """Jobs with a message that was sent twice."""
    delayed: list[str] = []
    """Jobs with a message that was delayed."""
    outages: list[Outage] = []
    circuit_pause: float = 1.0
    """The shortest pause of a model's circuit, in seconds of the run."""
    daily_bytes: int | None = None
    """The bytes that a tenant may submit a day."""

    def events_by_job(self) -> dict[str, list[Event]]:
        """The events of each job, in order."""
        found: dict[str, list[Event]] = {}
        for event in self.events:
            found.setdefault(event.job_id, []).append(event)
        return found

    def accepted(self) -> set[str]:
        """The jobs that were accepted with a 202."""
        return {s.job_id for s in self.submissions if s.status == 202 and s.job_id}
