"""Lambda: the HTTP API."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from pipeline.jobs import bootstrap
from pipeline.jobs.domain.request import AnalyzeRequest
from pipeline.jobs.handlers import openapi
from pipeline.jobs.handlers.bodies import Accepted, HealthBody, PageBody, StatusBody, idempotency_key
from pipeline.jobs.handlers.listing import ListQuery
from pipeline.jobs.handlers.problems import refuse
from pipeline.platform.errors import ConfigurationError, InvalidRequest, RequestRefused, Unavailable, field_errors
from pipeline.platform.http import Event, HttpProblem, Response, json_body, respond
from pipeline.platform.observability import log
from pipeline.tenancy.caller import tenant_of

POLL_AFTER_S = "1"
"""``Retry-After`` of a job that is not final: most take a few seconds."""


def analyze(event: Event) -> Response:
    """``POST /analyze``."""
    key = idempotency_key(event)
    try:
        request = AnalyzeRequest.model_validate(json_body(event), strict=True)
    except ValidationError as fault:
        raise InvalidRequest(field_errors(fault)) from None
    job = bootstrap.api().submit_job.run(request, tenant_of(event), key)
    log.info("accepted", job_id=job.id)
    body = Accepted.of(job)
    return respond(HTTPStatus.ACCEPTED, body.dump(), {"location": body.status_url, "retry-after": POLL_AFTER_S})


def status(event: Event) -> Response:
    """``GET /status/{id}``."""
    job, url = bootstrap.api().get_job.run(event["pathParameters"]["id"], tenant_of(event))
    waiting = {} if job.status.final else {"retry-after": POLL_AFTER_S}
    return respond(HTTPStatus.OK, StatusBody.of(job, result=job.result, result_url=url).dump(), waiting)


def jobs(event: Event) -> Response:
    """``GET /jobs``."""
    page = bootstrap.api().list_jobs.run(tenant_of(event), ListQuery.of(event).wanted())
    return respond(HTTPStatus.OK, PageBody.of(page).dump())


def cancel(event: Event) -> Response:
    """``POST /jobs/{id}/cancel``: not DELETE, for the job stays, and says that it was cancelled."""
    job = bootstrap.api().cancel_job.run(event["pathParameters"]["id"], tenant_of(event))
    return respond(HTTPStatus.OK, StatusBody.of(job, result=None, result_url=None).dump())


def health(_event: Event) -> Response:
    """``GET /health``."""
    api = bootstrap.api()
    body = HealthBody.of(api.stage, api.check_health.run())
    return respond(HTTPStatus.OK if body.status == "ok" else HTTPStatus.SERVICE_UNAVAILABLE, body.dump())


def describe(event: Event) -> Response:
    """``GET /openapi.json``: to its caller, with what the caller is known by."""
    authorizer = next(iter(event["requestContext"].get("authorizer") or {}), None)
    return respond(HTTPStatus.OK, openapi.document(bootstrap.api().submit_job.analyses, authorizer))


ROUTES: dict[str, Callable[[Event], Response]] = {
    "POST /analyze": analyze,
    "GET /status/{id}": status,
    "GET /jobs": jobs,
    "POST /jobs/{id}/cancel": cancel,
    "GET /health": health,
    "GET /openapi.json": describe,
}


def handler(event: Event, context: Any) -> Response:
    """Answer one request."""
    route, request_id = event["routeKey"], context.aws_request_id
    try:
        response = ROUTES.get(route, unknown)(event)
    except (HttpProblem, RequestRefused) as refused:
        response = refuse(refused, request_id)
    except Exception as fault:  # noqa: BLE001 - the client gets an id and no internals, the log gets the rest
        reason = str(fault) if isinstance(fault, ConfigurationError | Unavailable) else None
        log.error("request failed", fault, route=route, request_id=request_id, reason=reason)
        response = refuse(fault, request_id)
    log.info("answered", route=route, status=response["statusCode"], request_id=request_id)
    return response


def unknown(event: Event) -> Response:
    """What API Gateway's ``$default`` route brings: a path that is none of ours, or one with another method."""
    path, method = event["rawPath"], event["requestContext"]["http"]["method"]
    allowed = [key.split()[0] for key in ROUTES if _matches(key.split()[1], path)]
    if allowed and method == "OPTIONS":
        # A browser that asks before it calls wants no refusal; the gateway adds the rest.
        return {"statusCode": int(HTTPStatus.NO_CONTENT), "headers": {"allow": ", ".join(allowed)}}
    if allowed:
        methods = ", ".join(allowed)
        raise HttpProblem(
            HTTPStatus.METHOD_NOT_ALLOWED, "Method not allowed", f"Here only: {methods}.", headers={"allow": methods}
        )
    raise HttpProblem(HTTPStatus.NOT_FOUND, "No such path", "See /openapi.json for what there is.")


def _matches(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/")
    return len(wanted) == len(given) and all(w == g or (w[:1] == "{" and g) for w, g in zip(wanted, given, strict=True))
