"""The HTTP API: every route exists, leads to its function, and requires authorization."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from stack_graph.graph import Graph, Rehearsed, Resource
from stack_graph.iam import matches
from stack_graph.lambdas import PERMISSION, function_of

from deploy_checks.finding import Finding, finding_at
from deploy_checks.product import manifest_of

API = "aws:apigatewayv2/api:Api"
ROUTE = "aws:apigatewayv2/route:Route"
INTEGRATION = "aws:apigatewayv2/integration:Integration"


@dataclass(frozen=True)
class Expected:
    """The routes of the product's API; none if its handler cannot be loaded, which ``artifact_imports`` reports."""

    handler: str
    file: str
    keys: frozenset[str]
    public: frozenset[str]

    @classmethod
    def of(cls, rehearsed: Rehearsed) -> "Expected":
        """The routes in the tree's manifest."""
        unknown: dict[str, Any] = {"handler": "", "file": "", "keys": (), "public": ()}
        routes = manifest_of(rehearsed).section("routes") or unknown
        return cls(routes["handler"], routes["file"], frozenset(routes["keys"]), frozenset(routes["public"]))

    def of_api(self, graph: Graph, api_id: object) -> bool:
        """Whether this is the product's API: its handler answers a route, or there is no other API."""
        answered = {route.value("apiId") for route in graph.of_type(ROUTE) if self._answers(graph, route)}
        return bool(self.handler) and (api_id in answered if answered else len(graph.of_type(API)) == 1)

    def _answers(self, graph: Graph, route: Resource) -> bool:
        integration = integration_of(graph, route)
        function = function_of(graph, integration.value("integrationUri")) if integration else None
        return function is not None and function.value("handler") == self.handler


def integration_of(graph: Graph, route: Resource) -> Resource | None:
    """The integration that a route leads to."""
    target = str(route.value("target")).removeprefix("integrations/")
    return next((found for found in graph.of_type(INTEGRATION) if found.id == target), None)


def routes_are_there(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The API has every route that the handler answers, once."""
    graph, expected = rehearsed.graph, Expected.of(rehearsed)
    for api in graph.of_type(API):
        routes = [route for route in graph.of_type(ROUTE) if route.value("apiId") == api.id]
        keys = Counter(str(route.value("routeKey")) for route in routes)
        for missing in sorted(expected.keys - keys.keys()) if expected.of_api(graph, api.id) else ():
            yield finding_at(
                min(routes, key=lambda route: (route.file, route.line), default=api),
                "missing-route",
                "critical",
                f'The handler answers {missing}, and the API has no such route: {{"message":"Not Found"}}',
                f'Add api.route("{missing}", apiHandler.arn, ...), or remove it from the routes in {expected.file}.',
            )
        for twice in sorted(key for key, times in keys.items() if times > 1):
            yield finding_at(
                api,
                "duplicate-route",
                "high",
                f"The deploy will fail: ConflictException: Route with key {twice} already exists for this API",
                f"Keep one api.route for {twice}.",
            )


def routes_lead_somewhere(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each route has an integration with a function of the stack that answers it and that the gateway may invoke."""
    graph, expected = rehearsed.graph, Expected.of(rehearsed)
    answered_by_handler = {*expected.keys, "$default"}
    for route in graph.of_type(ROUTE):
        key = route.value("routeKey")
        integration = integration_of(graph, route)
        if integration and integration.value("integrationType") != "AWS_PROXY":
            continue  # another service, or an address
        function = function_of(graph, integration.value("integrationUri")) if integration else None
        if integration is None or function is None:
            yield finding_at(
                route,
                "route-leads-nowhere",
                "critical",
                f'{key} leads to no function of this stack: {{"message":"Internal Server Error"}}',
                "Give api.route the ARN of a function that the program creates.",
            )
            continue
        if not _may_invoke(graph, str(route.value("apiId")), function):
            yield finding_at(
                route,
                "gateway-may-not-invoke",
                "critical",
                f'{key}: API Gateway may not invoke {function.name}: {{"message":"Internal Server Error"}}, and '
                "nothing in the function's log",
                "Add an aws.lambda.Permission for apigateway.amazonaws.com with the API's executionArn; sst's "
                "api.route creates one.",
            )
        of_product = expected.of_api(graph, route.value("apiId"))
        if key in answered_by_handler and of_product and function.value("handler") != expected.handler:
            yield finding_at(
                route,
                "route-to-another-function",
                "critical",
                f"{key} leads to {function.name}, which runs {function.value('handler')} and not {expected.handler}",
                f"Give api.route the function that runs {expected.handler}.",
            )
        if function.value("handler") == expected.handler and integration.value("payloadFormatVersion") != "2.0":
            yield finding_at(
                integration,
                "payload-version",
                "critical",
                f"{key}: the handler reads events of version 2.0 and will receive 1.0: KeyError: 'routeKey'",
                'Set payloadFormatVersion: "2.0".',
            )


def _may_invoke(graph: Graph, api_id: str, function: Resource) -> bool:
    arn = f"arn:aws:execute-api:{graph.region}:{graph.account}:{api_id}/$default/GET/any"
    return any(
        function_of(graph, permission.value("function")) is function
        and permission.value("principal") == "apigateway.amazonaws.com"
        and matches(str(permission.value("sourceArn") or "*"), arn)
        for permission in graph.of_type(PERMISSION)
    )


def routes_ask_who_calls(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Outside of development only public routes and preflight requests, which have no credentials, are open."""
    graph, expected = rehearsed.graph, Expected.of(rehearsed)
    for route in graph.of_type(ROUTE):
        key, kind = str(route.value("routeKey")), str(route.value("authorizationType") or "NONE")
        of_product = expected.of_api(graph, route.value("apiId"))
        may_be_open = not of_product or key in expected.public or key.startswith("OPTIONS ")
        if kind == "NONE" and not may_be_open and not graph.development:
            yield finding_at(
                route,
                "open-route",
                "critical",
                f"Everyone on the internet may call {key} on {graph.stage}, and each call may cost a model call",
                "Give the route auth, and the stage an api.auth that is not open.",
            )
        if kind in {"JWT", "CUSTOM"} and not route.value("authorizerId"):
            yield finding_at(
                route,
                "route-without-authorizer",
                "high",
                f"The deploy will fail: BadRequestException: Authorizer is required for {key} ({kind})",
                "Give the route the authorizer's id.",
            )
        if kind == "JWT" and not route.texts("authorizationScopes"):
            yield finding_at(
                route,
                "route-without-scope",
                "medium",
                f"{key} accepts any token of the issuer, including ID tokens: only a scope distinguishes them",
                "Give auth.jwt.scopes.",
            )


CHECKS = (
    routes_are_there,
    routes_lead_somewhere,
    routes_ask_who_calls,
)
