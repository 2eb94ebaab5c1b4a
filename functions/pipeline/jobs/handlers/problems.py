"""Errors as problem documents (RFC 9457)."""

import math
from http import HTTPStatus

from pipeline.jobs.errors import JobEnded, KeyReused, LimitReached, NoSuchJob, TooManyWaiting
from pipeline.platform.errors import ConfigurationError, InvalidRequest, Unavailable
from pipeline.platform.http import HttpProblem, Response, respond

MAX_DETAIL = 500
"""Characters. A detail names fields, and their names are the caller's."""


def refuse(error: Exception, request_id: str) -> Response:
    """The answer to an error: the one place where errors become HTTP."""
    problem = _problem(error, request_id)
    body: dict[str, object] = {
        "type": "about:blank",
        "title": problem.title,
        "status": int(problem.status),
        "detail": problem.detail[:MAX_DETAIL],
    }
    if problem.errors:
        body["errors"] = problem.errors
    return respond(problem.status, body, {"content-type": "application/problem+json", **problem.headers})


def _problem(error: Exception, request_id: str) -> HttpProblem:
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
        case LimitReached():
            detail = "The money for the day is spent. A new day begins at midnight UTC, in Retry-After seconds."
            headers = {"retry-after": str(math.ceil(error.seconds))}
            return HttpProblem(HTTPStatus.TOO_MANY_REQUESTS, "Daily limit reached", detail, headers=headers)
        case TooManyWaiting():
            detail = "As many of your jobs wait as may. Come back when some of them have ended."
            headers = {"retry-after": "60"}
            return HttpProblem(HTTPStatus.TOO_MANY_REQUESTS, "Too many jobs waiting", detail, headers=headers)
        case Unavailable() | ConfigurationError():
            detail = (
                "Something that this service needs does not answer. Try again after Retry-After seconds, "
                "with the same Idempotency-Key: then it is one job, whatever became of this request."
            )
            retry_after = "5" if isinstance(error, Unavailable) else "60"
            return HttpProblem(
                HTTPStatus.SERVICE_UNAVAILABLE, "Temporarily unavailable", detail, headers={"retry-after": retry_after}
            )
        case _:
            detail = f"A fault of this service. Its log has it as {request_id}."
            return HttpProblem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error", detail)
