"""Lambda: an operator's orders. Nothing calls it but ``scripts/redrive.sh``, by an IAM identity that may invoke it."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID

from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError

from pipeline.jobs import bootstrap
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.domain.redrive import FailedJobFilter, RedriveRequest
from pipeline.platform.errors import field_errors
from pipeline.platform.strict_model import StrictModel

MOST_LISTED = 500
"""Jobs an answer: 300 kB, where Lambda takes 6 MB."""

MOST_REDRIVEN = 50
"""Jobs an order: three statements and a message each fit the function's minute many times over."""


class Context(Protocol):
    """What is used of Lambda's context."""

    aws_request_id: str


class ListOrder(StrictModel):
    """Show what has failed."""

    do: Literal["list"]
    code: FailureCode | None = None
    analysis: str | None = None
    since: AwareDatetime | None = None
    waiting: bool = False
    limit: int = Field(50, ge=1, le=MOST_LISTED)


class RedriveOrder(StrictModel):
    """Run these jobs again."""

    do: Literal["redrive"]
    jobs: list[UUID] = Field(min_length=1, max_length=MOST_REDRIVEN)
    who: str = Field(min_length=1, max_length=300)
    because: str = Field(min_length=1, max_length=500)
    again: bool = False


ORDER: TypeAdapter[ListOrder | RedriveOrder] = TypeAdapter(
    Annotated[ListOrder | RedriveOrder, Field(discriminator="do")]
)


def handler(event: Any, context: Context) -> dict[str, Any]:
    """The answer to an order; ``refused`` says what is wrong with one that is none."""
    try:
        order = ORDER.validate_python(event)
    except ValidationError as fault:
        return {"refused": field_errors(fault)}
    if isinstance(order, ListOrder):
        sought = FailedJobFilter(**order.model_dump(exclude={"do"}))
        answer: dict[str, Any] = _plain(asdict(bootstrap.list_failed_jobs().run(sought)))
        return answer
    given = RedriveRequest(order.who, order.because, context.aws_request_id, order.again)
    done = [(job_id, bootstrap.redrive_job().run(job_id, given)) for job_id in dict.fromkeys(order.jobs)]
    return {"jobs": [_plain({"id": id_, "outcome": it.outcome, "redriven_as": it.job_id}) for id_, it in done]}


def _plain(value: Any) -> Any:
    """As JSON has it."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case bytes():
            return value.hex()
        case UUID():
            return str(value)
    return value
