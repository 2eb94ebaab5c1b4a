"""Web pages may call the API: those that are named, with the methods and headers that its routes take."""

from collections.abc import Iterator

from stack_graph.graph import Graph, Rehearsed, Resource

from deploy_checks.checks.graph_routes import API, ROUTE
from deploy_checks.finding import Finding, finding_at

SENT = {"authorization", "content-type", "idempotency-key"}
"""The headers that a client of the API sends, and that browsers ask about before."""


def browsers_are_named(rehearsed: Rehearsed) -> Iterator[Finding]:
    """CORS names the pages that may call."""
    graph = rehearsed.graph
    for api in graph.of_type(API):
        cors = api.part("corsConfiguration")
        if "*" in cors.texts("allowOrigins"):
            yield finding_at(
                api,
                "cors-for-every-page",
                "medium" if graph.development else "high",
                "Every web page may call the API from its visitors' browsers",
                "Name the origins in api.corsOrigins of project.config.ts.",
            )
            if cors.value("allowCredentials"):
                yield finding_at(
                    api,
                    "cors-credentials",
                    "high",
                    "The deploy will fail: BadRequestException: allowCredentials is not supported for origin '*'",
                    "Name the origins, or leave allowCredentials out.",
                )


def browsers_may_ask(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The answer to a browser's question before a call names what the routes take, and needs no credentials."""
    graph = rehearsed.graph
    for api in graph.of_type(API):
        cors = api.part("corsConfiguration")
        for what, wanted, given in (
            ("method", _methods(graph, api), {method.upper() for method in cors.texts("allowMethods")}),
            ("header", SENT, {header.lower() for header in cors.texts("allowHeaders")}),
        ):
            missing = sorted(wanted - given)
            if cors.texts("allowOrigins") and missing and "*" not in given:
                yield finding_at(
                    api,
                    f"cors-{what}-missing",
                    "medium",
                    f"Browsers will refuse to call the API with the {what} {', '.join(missing)}: its CORS does not "
                    "name it",
                    f"Add it to the {what}s that cors allows.",
                )
        keys = {str(route.value("routeKey")): route for route in _routes(graph, api)}
        caught = keys.get("$default")
        asks = caught and str(caught.value("authorizationType") or "NONE") != "NONE"
        if caught and asks and cors.texts("allowOrigins") and not any(key.startswith("OPTIONS ") for key in keys):
            yield finding_at(
                caught,
                "preflight-refused",
                "medium",
                "Browsers ask without credentials before they call, and that question ends at the authorizer of "
                "$default: no web page can call the API",
                "Add a route for OPTIONS /{proxy+} without authorization.",
            )


def _routes(graph: Graph, api: Resource) -> list[Resource]:
    return [route for route in graph.of_type(ROUTE) if route.value("apiId") == api.id]


def _methods(graph: Graph, api: Resource) -> set[str]:
    found = {str(route.value("routeKey")).partition(" ")[0] for route in _routes(graph, api)}
    return found - {"$default", "ANY", "OPTIONS"}


CHECKS = (browsers_are_named, browsers_may_ask)
