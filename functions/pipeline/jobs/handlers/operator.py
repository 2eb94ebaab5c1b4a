"""Lambda: operator commands. ``scripts/redrive.sh`` and ``scripts/erase.sh`` call it, as an IAM identity that may
invoke it."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError, model_validator

from pipeline.jobs import bootstrap
from pipeline.jobs.domain.erasure import ErasureRequest, ErasureSelection
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.domain.redrive import DEFAULT_LISTED, FailedJobFilter, RedriveRequest
from pipeline.platform.errors import field_errors
from pipeline.platform.lambda_context import LambdaContext
from pipeline.platform.strict_model import StrictModel
from pipeline.platform.text import StorableText, rfc_3339

MAX_LISTED = 500
"""Jobs in an answer: about 300 kB, where Lambda allows 6 MB."""

MAX_ERASED_BY_ID = 500
"""Jobs in a command: as many as one statement erases (``ErasurePolicy.jobs_per_command``)."""

MAX_REDRIVEN = 50
"""Jobs in a command: three statements and a message each fit the function's 60 s many times over."""


class ListCommand(StrictModel):
    """List failed jobs and dead letters."""

    do: Literal["list"]
    code: FailureCode | None = None
    analysis: StorableText | None = None
    since: AwareDatetime | None = None
    not_redriven: bool = False
    limit: int = Field(DEFAULT_LISTED, ge=1, le=MAX_LISTED)


class RedriveCommand(StrictModel):
    """Run failed jobs again."""

    do: Literal["redrive"]
    jobs: list[UUID] = Field(min_length=1, max_length=MAX_REDRIVEN)
    requested_by: StorableText = Field(min_length=1, max_length=300)
    reason: StorableText = Field(min_length=1, max_length=500)
    again: bool = False


class EraseCommand(StrictModel):
    """Erase the content of jobs: those named, or the next ones of a tenant, of a time, or of both."""

    do: Literal["erase"]
    jobs: list[UUID] | None = Field(None, min_length=1, max_length=MAX_ERASED_BY_ID)
    tenant: str | None = Field(None, min_length=1)
    ended_from: AwareDatetime | None = None
    ended_before: AwareDatetime | None = None
    dry_run: bool = False
    requested_by: str = Field(min_length=1, max_length=300)
    reason: str = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _selects(self) -> Self:
        by_filter = (self.tenant, self.ended_from, self.ended_before) != (None, None, None)
        if (self.jobs is not None) == by_filter:
            raise ValueError("select either jobs, or a tenant, a time or both")
        return self

    def selection(self) -> ErasureSelection:
        """The jobs that the command selects."""
        ids = None if self.jobs is None else tuple(dict.fromkeys(self.jobs))
        return ErasureSelection(ids, self.tenant, self.ended_from, self.ended_before)


type Command = ListCommand | RedriveCommand | EraseCommand
COMMAND: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="do")])


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Run one command. ``refused`` lists the errors of an invalid one."""
    try:
        command = COMMAND.validate_python(event)
    except ValidationError as exc:
        return {"refused": field_errors(exc)}
    match command:
        case ListCommand():
            filter_ = FailedJobFilter(**command.model_dump(exclude={"do"}))
            answer: dict[str, Any] = _plain(asdict(bootstrap.list_failed_jobs().run(filter_)))
            return answer
        case RedriveCommand():
            return _redrive(command, context.aws_request_id)
        case EraseCommand():
            audited = ErasureRequest(command.requested_by, command.reason, context.aws_request_id)
            batch = bootstrap.erase_jobs().run(command.selection(), None if command.dry_run else audited)
            return asdict(batch)


def _redrive(command: RedriveCommand, request_id: str) -> dict[str, Any]:
    request = RedriveRequest(command.requested_by, command.reason, request_id, command.again)
    done = [(job_id, bootstrap.redrive_job().run(job_id, request)) for job_id in dict.fromkeys(command.jobs)]
    return {"jobs": [_plain({"id": id_, "outcome": it.outcome, "redriven_as": it.job_id}) for id_, it in done]}


def _plain(value: Any) -> Any:
    """The value in JSON's types."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case datetime():
            return rfc_3339(value)
        case bytes():
            return value.hex()
        case UUID():
            return str(value)
    return value
