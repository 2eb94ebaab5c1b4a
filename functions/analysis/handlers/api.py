"""Lambda: the HTTP API."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from analysis import bootstrap
from analysis.domain.request import AnalyzeRequest
from analysis.errors import ConfigurationFault, RequestRefused, Unavailable
from analysis.handlers import openapi
from analysis.handlers.bodies import Accepted, HealthBody, StatusBody, idempotency_key
from analysis.handlers.http import Event, Response, json_body, problem, respond, tenant_of
from analysis.observability import log
from analysis.services.submit import field_errors, invalid_fields

POLL_AFTER_S = "1"
"""``Retry-After`` of a job that is not final: most take a few seconds."""


def analyze(event: Event) -> Response:
    """``POST /analyze``."""
    key = idempotency_key(event)
    try:
        request = AnalyzeRequest.model_validate(json_body(event), strict=True)
    except ValidationError as fault:
        raise invalid_fields(field_errors(fault)) from None
    job = bootstrap.api().submit(request, tenant_of(event), key)
    body = Accepted.of(job)
    return respond(HTTPStatus.ACCEPTED, body.dump(), {"location": body.status_url, "retry-after": POLL_AFTER_S})


def status(event: Event) -> Response:
    """``GET /status/{id}``."""
    job, url = bootstrap.api().status(event["pathParameters"]["id"], tenant_of(event))
    waiting = {} if job.status.final else {"retry-after": POLL_AFTER_S}
    return respond(HTTPStatus.OK, StatusBody.of(job, url).dump(), waiting)


def health(_event: Event) -> Response:
    """``GET /health``."""
    api = bootstrap.api()
    body = HealthBody.of(api.stage, api.health())
    return respond(HTTPStatus.OK if body.status == "ok" else HTTPStatus.SERVICE_UNAVAILABLE, body.dump())


def describe(_event: Event) -> Response:
    """``GET /openapi.json``."""
    return respond(HTTPStatus.OK, openapi.document(bootstrap.api().submit.analyses))


ROUTES: dict[str, Callable[[Event], Response]] = {
    "POST /analyze": analyze,
    "GET /status/{id}": status,
    "GET /health": health,
    "GET /openapi.json": describe,
}


def handler(event: Event, context: Any) -> Response:
    """Answer one request; every error becomes a problem document here."""
    route = event["routeKey"]
    try:
        response = ROUTES.get(route, unknown)(event)
    except RequestRefused as refused:
        response = problem(refused)
    except Unavailable as away:
        log.error("dependency down", away, dependency=away.dependency, route=route)
        response = problem(unavailable(away.retry_after))
    except ConfigurationFault as fault:
        log.error("configuration at fault", fault, reason=str(fault), route=route)
        response = problem(unavailable(60))
    except Exception as fault:  # noqa: BLE001 - the last resort: the client gets an id and no internals
        log.error("unexpected", fault, route=route)
        response = problem(unexpected(context.aws_request_id))
    log.info("answered", route=route, status=response["statusCode"], request_id=context.aws_request_id)
    return response


def unknown(event: Event) -> Response:
    """What API Gateway's ``$default`` route brings: a path that is none of ours, or one with another method."""
    path = event["rawPath"]
    allowed = [key.split()[0] for key in ROUTES if _matches(key.split()[1], path)]
    if allowed:
        methods = ", ".join(allowed)
        raise RequestRefused(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "Method not allowed",
            f"Here only: {methods}.",
            headers={"allow": methods},
        )
    raise RequestRefused(HTTPStatus.NOT_FOUND, "No such path", "See /openapi.json for what there is.")


def _matches(template: str, path: str) -> bool:
    wanted, given = template.split("/"), path.split("/")
    return len(wanted) == len(given) and all(w == g or (w[:1] == "{" and g) for w, g in zip(wanted, given, strict=True))


def unavailable(retry_after: int) -> RequestRefused:
    """503: nothing is left half done, the client tries again."""
    return RequestRefused(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Temporarily unavailable",
        "Something that this service needs does not answer. Nothing was accepted. Try again after Retry-After seconds.",
        headers={"retry-after": str(retry_after)},
    )


def unexpected(request_id: str) -> RequestRefused:
    """500: a fault of ours; the id finds it in the log."""
    return RequestRefused(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        f"A fault of this service. Its log has it as {request_id}.",
    )
