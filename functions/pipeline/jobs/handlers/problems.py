"""Errors as problem documents (RFC 9457)."""

import math
from http import HTTPStatus

from pipeline.jobs.domain.admission import DailyLimit
from pipeline.jobs.errors import (
    DailyLimitReached,
    JobEnded,
    JobNotEnded,
    KeyReused,
    NoSuchJob,
    QueueTooCostly,
    TooManyQueued,
)
from pipeline.platform import policy
from pipeline.platform.errors import ConfigurationError, InvalidRequest, Unavailable
from pipeline.platform.http import HttpProblem, Problem, Response, respond

MAX_DETAIL = 500
"""Longest detail, in characters: it may quote field names, which the caller chose."""

DAILY_LIMITS = {
    DailyLimit.USD: ("spending", "The daily spending limit leaves too little for this request."),
    DailyLimit.JOBS: ("job", "You have submitted as many jobs as the daily limit allows. Cancelled jobs count."),
    DailyLimit.BYTES: ("data", "The request exceeds the bytes that you may submit a day. Cancelled jobs count."),
}
"""The name of each daily limit, and how it was reached."""


def problem_response(error: Exception, request_id: str) -> Response:
    """The problem document for an error: the one mapping from errors to HTTP."""
    problem = _problem(error, request_id)
    body = Problem(
        type="about:blank",
        title=problem.title,
        status=problem.status,
        detail=problem.detail[:MAX_DETAIL],
        errors=problem.errors,
    )
    headers = {"content-type": "application/problem+json", **problem.headers}
    return respond(problem.status, body.model_dump(exclude_defaults=True), headers)


def _problem(error: Exception, request_id: str) -> HttpProblem:
    api = policy.current().api
    match error:
        case HttpProblem():
            return error
        case InvalidRequest():
            detail = "; ".join(f"{at['pointer'] or '/'}: {at['detail']}" for at in error.errors[:3])
            return HttpProblem(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid request", detail, error.errors)
        case KeyReused():
            detail = "This Idempotency-Key was used before with another request. Use a new key for a new request."
            return HttpProblem(HTTPStatus.CONFLICT, "Idempotency-Key reused", detail)
        case NoSuchJob():
            return HttpProblem(HTTPStatus.NOT_FOUND, "No such job", "There is no job with this id.")
        case JobEnded():
            detail = f"The job has {error.status} and can no longer be cancelled."
            return HttpProblem(HTTPStatus.CONFLICT, "Job has ended", detail)
        case JobNotEnded():
            detail = f"The job is {error.status}. Cancel it with POST /jobs/{{id}}/cancel, then erase it."
            return HttpProblem(HTTPStatus.CONFLICT, "Job has not ended", detail)
        case TooManyQueued() | QueueTooCostly() | DailyLimitReached():
            return _limit_reached(error)
        case Unavailable() | ConfigurationError():
            detail = (
                "A dependency of this service does not respond. Retry after Retry-After seconds with the same "
                "Idempotency-Key: the retry never creates a second job."
            )
            outage = isinstance(error, Unavailable)
            seconds = api.retry_after_outage_s if outage else api.retry_after_misconfiguration_s
            headers = {"retry-after": str(seconds)}
            return HttpProblem(HTTPStatus.SERVICE_UNAVAILABLE, "Temporarily unavailable", detail, headers=headers)
        case _:
            detail = f"Internal error. Reference: {request_id}."
            return HttpProblem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error", detail)


def _limit_reached(error: TooManyQueued | QueueTooCostly | DailyLimitReached) -> HttpProblem:
    seconds: float = policy.current().api.retry_after_queue_full_s
    match error:
        case TooManyQueued():
            title = "Too many queued jobs"
            detail = f"You have reached the limit of {error.limit:,} queued jobs. Retry after some have finished."
        case QueueTooCostly():
            title = "Queued jobs too costly"
            detail = (
                "The queued jobs may cost what is left of the daily spending limit. Retry after some have finished."
            )
        case DailyLimitReached():
            seconds = error.seconds
            name, how = DAILY_LIMITS[error.reached]
            title = f"Daily {name} limit reached"
            detail = f"{how} The limit is reset at midnight UTC, in Retry-After seconds."
    headers = {"retry-after": str(math.ceil(seconds))}
    return HttpProblem(HTTPStatus.TOO_MANY_REQUESTS, title, detail, headers=headers)
