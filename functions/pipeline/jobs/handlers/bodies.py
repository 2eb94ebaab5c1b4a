"""The response bodies: the types that the API's description is made from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from pipeline import __version__
from pipeline.jobs.domain.failure import EXPLANATIONS, FailureCode
from pipeline.jobs.domain.job import JobStatus, JobView, SubmittedJob
from pipeline.jobs.domain.listing import Page
from pipeline.jobs.handlers.listing import write_cursor
from pipeline.platform.text import rfc_3339

Instant = Annotated[
    datetime,
    PlainSerializer(rfc_3339, return_type=str),
    Field(json_schema_extra={"format": "date-time"}),
]
"""RFC 3339, UTC."""


class Body(BaseModel):
    """A JSON object that the API returns."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    def dump(self) -> dict[str, Any]:
        """The object in JSON's types."""
        return self.model_dump(mode="json")


class Accepted(Body):
    """A job that is recorded and queued."""

    id: str
    status: Literal["queued"]
    status_url: str
    created_at: Instant

    @classmethod
    def of(cls, job: SubmittedJob) -> Self:
        """The response for a new or a repeated submit."""
        return cls(id=str(job.id), status="queued", status_url=f"/status/{job.id}", created_at=job.created_at)


class UsageBody(Body):
    """Tokens of every model call of the job, and their cost at on-demand rates."""

    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_usd: float


class ErrorBody(Body):
    """The reason of a failure. ``retryable``: the same request may succeed if it is submitted again."""

    code: FailureCode
    message: str
    retryable: bool


def error_codes() -> str:
    """The codes of ErrorBody with their explanations, for the API's description."""
    codes = "; ".join(f"`{code}`: {explanation}" for code, (explanation, _) in EXPLANATIONS.items())
    return f"The codes of `error.code`. {codes}"


class JobBody(Body):
    """A job without its result, as it is listed."""

    id: str
    status: JobStatus
    analysis: str
    model: str
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    attempts: int
    usage: UsageBody
    error: ErrorBody | None
    metadata: dict[str, Any]
    erased_at: Instant | None
    """When the document, the metadata and the result were erased."""

    @classmethod
    def of(cls, job: JobView, **more: Any) -> Self:
        """The job as its caller sees it."""
        usage, failure = job.usage, job.failure
        return cls(
            id=str(job.id),
            status=job.status,
            analysis=job.analysis,
            model=job.model_id,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            attempts=job.attempts,
            usage=UsageBody(
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cache_read_tokens=usage.cache_read_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                cost_usd=job.cost_usd,
            ),
            error=ErrorBody(code=failure.code, message=failure.message, retryable=failure.retryable)
            if failure
            else None,
            metadata=job.metadata,
            erased_at=job.erased_at,
            **more,
        )


class StatusBody(JobBody):
    """A job with its result, once it has one."""

    result: dict[str, Any] | None
    """``null`` until the job has succeeded, and for a result over 100 kB: follow ``result_url``."""
    result_url: str | None
    result_sha256: str | None
    """SHA-256 of the object that ``result_url`` links to, in hexadecimal."""
    redrive_of: str | None
    """The failed job that an operator re-ran as this one."""
    redriven_as: str | None
    """The job that re-runs this failed one and has its result."""

    @classmethod
    def of(cls, job: JobView, **more: Any) -> Self:
        """The job as its caller sees it, with links to redrives."""
        links = {"redrive_of": job.redrive_of, "redriven_as": job.redriven_as}
        found = {name: str(other) if other else None for name, other in links.items()}
        sha256 = job.result_sha256.hex() if job.result_sha256 else None
        return super().of(job, result_sha256=sha256, **found, **more)


class PageBody(Body):
    """A page of the caller's jobs, newest first."""

    jobs: list[JobBody]
    next: str | None
    """The ``cursor`` of the next page; ``null`` on the last."""

    @classmethod
    def of(cls, page: Page) -> Self:
        """The page as the API returns it."""
        after = write_cursor(page.next) if page.next else None
        return cls(jobs=[JobBody.of(job) for job in page.jobs], next=after)


class HealthBody(Body):
    """The state of the API's dependencies."""

    status: Literal["ok", "down"]
    version: str
    stage: str
    checks: dict[str, Literal["ok", "down"]]

    @classmethod
    def of(cls, stage: str, checks: Mapping[str, str]) -> Self:
        """The overall state of the checks."""
        status = "ok" if all(state == "ok" for state in checks.values()) else "down"
        return cls.model_validate({"status": status, "version": __version__, "stage": stage, "checks": checks})
