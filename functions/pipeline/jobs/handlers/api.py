"""Lambda: the HTTP API of jobs."""

from http import HTTPStatus

from pydantic import ValidationError

from pipeline.jobs import bootstrap
from pipeline.jobs.domain.request import MAX_BODY_BYTES, MAX_ELEMENTS, MAX_TEXT_BYTES, AnalyzeRequest
from pipeline.jobs.handlers.bodies import Accepted, HealthBody, PageBody, StatusBody, error_codes
from pipeline.jobs.handlers.listing import ListQuery
from pipeline.jobs.handlers.problems import problem_response
from pipeline.jobs.handlers.request_headers import idempotency_key
from pipeline.platform import policy
from pipeline.platform.errors import ConfigurationError, InvalidRequest, RequestRefused, Unavailable, field_errors
from pipeline.platform.http import Event, HttpProblem, Response, respond
from pipeline.platform.json_body import BodyLimits, json_body
from pipeline.platform.lambda_context import LambdaContext
from pipeline.platform.observability import log
from pipeline.platform.routing import RouteResponse, Routes
from pipeline.tenancy.caller import tenant_of

ROUTES = Routes()
BODY_LIMITS = BodyLimits(MAX_BODY_BYTES, MAX_TEXT_BYTES, MAX_ELEMENTS)


@ROUTES.route(
    "POST /analyze",
    summary="Submit an analysis",
    body=AnalyzeRequest,
    success=RouteResponse(
        HTTPStatus.ACCEPTED,
        Accepted,
        "The job is recorded and queued.",
        headers={"Location": "The URL to poll.", "Retry-After": "Seconds until the first poll."},
        links=("status", "cancel"),
    ),
    errors=("400", "409", "413", "415", "422"),
)
def analyze(event: Event) -> Response:
    """``POST /analyze``."""
    key = idempotency_key(event)
    try:
        request = AnalyzeRequest.model_validate(json_body(event, BODY_LIMITS), strict=True)
    except ValidationError as exc:
        raise InvalidRequest(field_errors(exc)) from None
    job = bootstrap.submit_job().run(request, _tenant(event), key)
    log.info("accepted", job_id=job.id)
    body = Accepted.of(job)
    return respond(HTTPStatus.ACCEPTED, body.dump(), {"location": body.status_url, **_poll_later()})


@ROUTES.route(
    "GET /status/{id}",
    summary="Get a job",
    description=error_codes(),
    success=RouteResponse(
        HTTPStatus.OK,
        StatusBody,
        "The job. While it is not final there is a Retry-After.",
        headers={"Retry-After": "Seconds until the next poll."},
    ),
    errors=("404",),
)
def status(event: Event) -> Response:
    """``GET /status/{id}``."""
    job, url = bootstrap.get_job().run(event["pathParameters"]["id"], _tenant(event))
    headers = {} if job.status.final else _poll_later()
    return respond(HTTPStatus.OK, StatusBody.of(job, result=job.result, result_url=url).dump(), headers)


@ROUTES.route(
    "GET /jobs",
    summary="List your jobs, newest first",
    query=ListQuery,
    success=RouteResponse(HTTPStatus.OK, PageBody, "A page of jobs, without their results."),
    errors=("422",),
)
def jobs(event: Event) -> Response:
    """``GET /jobs``."""
    page = bootstrap.list_jobs().run(_tenant(event), ListQuery.of(event).filter_())
    return respond(HTTPStatus.OK, PageBody.of(page).dump())


@ROUTES.route(
    "POST /jobs/{id}/cancel",
    summary="Cancel a queued or running job",
    description="A model call in progress is not interrupted and is billed; its answer is discarded.",
    success=RouteResponse(HTTPStatus.OK, StatusBody, "The cancelled job."),
    errors=("404", "409"),
)
def cancel(event: Event) -> Response:
    """``POST /jobs/{id}/cancel``. Not DELETE, which erases."""
    job = bootstrap.cancel_job().run(event["pathParameters"]["id"], _tenant(event))
    return respond(HTTPStatus.OK, StatusBody.of(job, result=None, result_url=None).dump())


@ROUTES.route(
    "DELETE /jobs/{id}",
    summary="Erase the content of a finished job",
    description="Erases the document, the metadata, the result, the idempotency key and the text of an error for good. "
    "The job stays, with its history and its cost. Its objects in S3 are deleted within minutes.",
    success=RouteResponse(HTTPStatus.OK, StatusBody, "The erased job, also if it was erased before."),
    errors=("404", "409"),
)
def erase(event: Event) -> Response:
    """``DELETE /jobs/{id}``."""
    job = bootstrap.erase_job().run(event["pathParameters"]["id"], _tenant(event))
    return respond(HTTPStatus.OK, StatusBody.of(job, result=None, result_url=None).dump())


@ROUTES.route(
    "GET /health",
    summary="Check the service's dependencies",
    success=RouteResponse(HTTPStatus.OK, HealthBody, "Every dependency responds."),
    failure=RouteResponse(HTTPStatus.SERVICE_UNAVAILABLE, HealthBody, "At least one dependency does not respond."),
    public=True,
    tag="service",
)
def health(_event: Event) -> Response:
    """``GET /health``."""
    check_health = bootstrap.check_health()
    body = HealthBody.of(check_health.stage, check_health.run())
    return respond(HTTPStatus.OK if body.status == "ok" else HTTPStatus.SERVICE_UNAVAILABLE, body.dump())


@ROUTES.route(
    "GET /openapi.json",
    summary="Get this description",
    success=RouteResponse(HTTPStatus.OK, None, "OpenAPI 3.1"),
    tag="service",
)
def openapi(_event: Event) -> Response:
    """``GET /openapi.json``, with the stage's security scheme."""
    from pipeline.jobs.handlers.description import description  # the largest import of the API, for this route alone

    return respond(HTTPStatus.OK, description(ROUTES, bootstrap.analyses(), bootstrap.authorization()))


def handler(event: Event, context: LambdaContext) -> Response:
    """Answer one request."""
    route, request_id = event["routeKey"], context.aws_request_id
    try:
        response = ROUTES.answer(event)
    except (HttpProblem, RequestRefused) as exc:
        response = problem_response(exc, request_id)
    except Exception as exc:  # noqa: BLE001 - the client gets a reference and no internals, the log gets the rest
        reason = str(exc) if isinstance(exc, ConfigurationError | Unavailable) else None
        log.error("request failed", exc, route=route, request_id=request_id, reason=reason)
        response = problem_response(exc, request_id)
    log.info("answered", route=route, status=response["statusCode"], request_id=request_id)
    return response


def _tenant(event: Event) -> str:
    return tenant_of(event, bootstrap.authorization())


def _poll_later() -> dict[str, str]:
    return {"retry-after": str(policy.current().api.poll_after_s)}
