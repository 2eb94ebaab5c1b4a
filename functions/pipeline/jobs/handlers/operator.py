"""Lambda: operator commands. Only ``scripts/redrive.sh`` calls it, as an IAM identity that may invoke it."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from pipeline.jobs import bootstrap
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.domain.redrive import DEFAULT_LISTED, FailedJobFilter, RedriveRequest
from pipeline.platform.errors import field_errors
from pipeline.platform.lambda_context import LambdaContext
from pipeline.platform.strict_model import StrictModel
from pipeline.platform.text import StorableText, rfc_3339

MAX_LISTED = 500
"""Jobs in an answer: about 300 kB, where Lambda allows 6 MB."""

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


COMMAND: TypeAdapter[ListCommand | RedriveCommand] = TypeAdapter(
    Annotated[ListCommand | RedriveCommand, Field(discriminator="do")]
)


def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Run one command. ``refused`` lists the errors of an invalid one."""
    try:
        command = COMMAND.validate_python(event)
    except ValidationError as exc:
        return {"refused": field_errors(exc)}
    if isinstance(command, ListCommand):
        filter_ = FailedJobFilter(**command.model_dump(exclude={"do"}))
        answer: dict[str, Any] = _plain(asdict(bootstrap.list_failed_jobs().run(filter_)))
        return answer
    request = RedriveRequest(command.requested_by, command.reason, context.aws_request_id, command.again)
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
