"""CORS: only named web pages may call the API, with the methods and headers that its routes accept."""

from collections.abc import Iterator

from stack_graph.graph import Graph, Rehearsed, Resource

from deploy_checks.checks.graph_routes import API, ROUTE, Expected
from deploy_checks.finding import Finding, finding_at
from deploy_checks.product import manifest_of
from deploy_checks.rules import Rule


def browsers_are_named(rehearsed: Rehearsed) -> Iterator[Finding]:
    """CORS names the origins that may call."""
    graph = rehearsed.graph
    for api in graph.of_type(API):
        cors = api.part("corsConfiguration")
        if "*" in cors.texts("allowOrigins"):
            yield finding_at(
                api,
                "cors-for-every-page",
                "low",
                "Every web page may call the API from its visitors' browsers",
                "Name the origins in the cors of the API.",
            )
            if cors.value("allowCredentials"):
                yield finding_at(
                    api,
                    "cors-credentials",
                    "high",
                    "The deploy will fail: BadRequestException: allowCredentials is not supported for origin '*'",
                    "Name the origins, or remove allowCredentials.",
                )


def browsers_may_ask(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The answer to a preflight request names the methods and headers of the routes, and needs no credentials."""
    graph = rehearsed.graph
    expected = Expected.of(rehearsed)
    for api in graph.of_type(API):
        cors = api.part("corsConfiguration")
        of_product = expected.of_api(graph, api.id)
        headers = set(manifest_of(rehearsed).section("request_headers") or ()) if of_product else set()
        parts: tuple[tuple[str, Rule, set[str], set[str]], ...] = (
            (
                "method",
                "cors-method-missing",
                _methods(graph, api),
                {method.upper() for method in cors.texts("allowMethods")},
            ),
            ("header", "cors-header-missing", headers, {header.lower() for header in cors.texts("allowHeaders")}),
        )
        for part, rule, needed, given in parts:
            missing = sorted(needed - given)
            if cors.texts("allowOrigins") and missing and "*" not in given:
                yield finding_at(
                    api,
                    rule,
                    "medium",
                    f"Browsers will refuse to call the API with the {part} {', '.join(missing)}: its CORS does not "
                    "list it",
                    f"Add it to the {part}s that cors allows.",
                )
        keys = {str(route.value("routeKey")): route for route in _routes(graph, api)}
        caught = keys.get("$default")
        asks = caught and str(caught.value("authorizationType") or "NONE") != "NONE"
        if caught and asks and cors.texts("allowOrigins") and not any(key.startswith("OPTIONS ") for key in keys):
            yield finding_at(
                caught,
                "preflight-refused",
                "medium",
                "Preflight requests of browsers have no credentials, and the authorizer of $default refuses them: no "
                "web page can call the API",
                "Add a route for OPTIONS /{proxy+} without authorization.",
            )


def _routes(graph: Graph, api: Resource) -> list[Resource]:
    return [route for route in graph.of_type(ROUTE) if route.value("apiId") == api.id]


def _methods(graph: Graph, api: Resource) -> set[str]:
    found = {str(route.value("routeKey")).partition(" ")[0] for route in _routes(graph, api)}
    # The Fetch standard lets pages send HEAD whatever CORS lists.
    return found - {"$default", "ANY", "HEAD", "OPTIONS"}


CHECKS = (browsers_are_named, browsers_may_ask)
