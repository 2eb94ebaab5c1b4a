"""Calls from web pages, as the API is set up for them: the gateway speaks of them, and the functions do not."""

from dataclasses import replace

from local_stack.gateway.request import Request
from local_stack.gateway.response import Response
from local_stack.resources import CorsConfiguration


def preflight(configured: CorsConfiguration, request: Request) -> Response | None:
    """The answer to a browser that asks before it calls; None for any other request, and where nothing is set up."""
    asks = request.header("origin") and request.header("access-control-request-method")
    if not (configured.allow_origins and asks and request.method == "OPTIONS"):
        return None
    allowed = _of_origin(configured, request)
    if allowed:
        allowed += _listed("access-control-allow-methods", configured.allow_methods)
        allowed += _listed("access-control-allow-headers", configured.allow_headers)
        allowed += [("access-control-max-age", str(configured.max_age))] if configured.max_age else []
    return Response(204, tuple(allowed), b"")


def added(configured: CorsConfiguration, answer: Response, request: Request) -> Response:
    """A function's own headers of this kind count for nothing once the API has a configuration."""
    if not configured.allow_origins:
        return answer
    kept = [(name, value) for name, value in answer.headers if not name.lower().startswith("access-control-")]
    allowed = _of_origin(configured, request)
    exposed = _listed("access-control-expose-headers", configured.expose_headers) if allowed else []
    return replace(answer, headers=(*kept, *allowed, *exposed))


def _of_origin(configured: CorsConfiguration, request: Request) -> list[tuple[str, str]]:
    """For an origin that is not allowed there is no header, and its browser keeps the answer from the page."""
    origin, everybody = request.header("origin"), "*" in configured.allow_origins
    if not origin or not (everybody or origin in configured.allow_origins):
        return []
    allowed = [("access-control-allow-origin", "*" if everybody else origin)]
    return allowed + ([("access-control-allow-credentials", "true")] if configured.allow_credentials else [])


def _listed(name: str, values: list[str]) -> list[tuple[str, str]]:
    return [(name, ",".join(values))] if values else []
