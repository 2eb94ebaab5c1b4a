"""The query of ``GET /jobs``, and the cursor between its pages."""

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, ValidationError

from pipeline.jobs.domain.job import JobStatus
from pipeline.jobs.domain.listing import DEFAULT_PAGE, MAX_PAGE, Cursor, JobFilter
from pipeline.platform.errors import InvalidRequest, field_errors
from pipeline.platform.http import Event
from pipeline.platform.strict_model import StrictModel

AnalysisName = Annotated[str, Field(max_length=100, pattern="^[A-Za-z0-9_.-]+$")]
"""Wider than the rule for names of analyses, but without a comma: API Gateway joins two values with one."""

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)")

UNESCAPED_OFFSET = re.compile(r"(?<=\d) (?=\d\d:\d\d$)")


def _written_out(text: object) -> object:
    """Refuse text that is not RFC 3339: pydantic would read "5" as five seconds after 1970.

    A ``+`` in a query is a blank unless it is escaped. Before an offset it can have been nothing else.
    """
    if isinstance(text, str):
        text = UNESCAPED_OFFSET.sub("+", text)
    if isinstance(text, str) and not RFC_3339.fullmatch(text):
        raise ValueError("Input should be a time as in RFC 3339, with its offset")
    return text


def _in_utc(at: datetime) -> datetime:
    """Instants before 0001-01-01T00:00Z, possible with a positive offset, overflow pg8000."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError("Input should be a time in the years 1 to 9999, in UTC") from None


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_utc)]


class ListQuery(StrictModel):
    """The query parameters of ``GET /jobs``."""

    status: Annotated[JobStatus | None, Field(description="Only jobs in this state.")] = None
    analysis: Annotated[AnalysisName | None, Field(description="Only jobs of this analysis.")] = None
    created_from: Annotated[Moment | None, Field(description="Only jobs accepted at this time or later.")] = None
    created_before: Annotated[Moment | None, Field(description="Only jobs accepted before this time.")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE, description="Jobs on a page.")] = DEFAULT_PAGE
    cursor: Annotated[str | None, Field(max_length=200, description="`next` of the previous page.")] = None

    @classmethod
    def of(cls, event: Event) -> Self:
        """The request's query. Raises InvalidRequest."""
        try:
            return cls.model_validate(event.get("queryStringParameters") or {})
        except ValidationError as exc:
            errors = field_errors(exc)
            raise InvalidRequest(
                [{"pointer": f"/query{error['pointer']}", "detail": error["detail"]} for error in errors]
            ) from None

    def filter_(self) -> JobFilter:
        """The filter that the service takes. Raises InvalidRequest for an invalid cursor."""
        after = read_cursor(self.cursor) if self.cursor is not None else None
        return JobFilter(self.status, self.analysis, self.created_from, self.created_before, self.limit, after)


def write_cursor(cursor: Cursor) -> str:
    """The cursor as text for a URL. It reveals nothing that the page did not."""
    text = json.dumps([cursor.created_at.isoformat(), str(cursor.id)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The cursor that the text holds. Raises InvalidRequest."""
    try:
        at, job_id = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        created_at = datetime.fromisoformat(at)
        cursor = Cursor(_in_utc(created_at), UUID(job_id))
    except (binascii.Error, ValueError, TypeError, AttributeError):
        raise InvalidRequest.at("/query/cursor", "is not the `next` of a page") from None
    if created_at.tzinfo is None:
        raise InvalidRequest.at("/query/cursor", "is not the `next` of a page")
    return cursor
