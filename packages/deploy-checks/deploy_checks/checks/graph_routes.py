"""The HTTP API: every route is there, leads to its function, and asks who is calling."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from stack_graph.graph import Graph, Rehearsed, Resource
from stack_graph.iam import matches
from stack_graph.lambdas import PERMISSION, function_of

from deploy_checks.finding import Finding, finding_at

API = "aws:apigatewayv2/api:Api"
ROUTE = "aws:apigatewayv2/route:Route"
STAGE = "aws:apigatewayv2/stage:Stage"
INTEGRATION = "aws:apigatewayv2/integration:Integration"

HANDLER = "functions/pipeline/jobs/handlers/api.py"

FOR_EVERYBODY = {"GET /health"}


def expected_routes(root: Path) -> set[str]:
    """The keys of the API handler's ``ROUTES``; read, not imported, so that its faults stay its own."""
    file = root / HANDLER
    for statement in ast.parse(file.read_text(encoding="utf-8")).body if file.is_file() else ():
        match statement:
            case (
                ast.AnnAssign(target=ast.Name(id="ROUTES"), value=ast.Dict(keys=keys))
                | ast.Assign(targets=[ast.Name(id="ROUTES")], value=ast.Dict(keys=keys))
            ):
                return {str(key.value) for key in keys if isinstance(key, ast.Constant)}
    return set()


def routes_are_there(rehearsed: Rehearsed) -> Iterator[Finding]:
    """What the handler answers, the gateway sends it."""
    graph = rehearsed.graph
    for api in graph.of_type(API):
        keys = Counter(str(r.value("routeKey")) for r in graph.of_type(ROUTE) if r.value("apiId") == api.id)
        for missing in sorted(expected_routes(rehearsed.root) - keys.keys()):
            yield finding_at(
                api,
                "missing-route",
                "critical",
                f'{missing} is answered by the handler, and the API has no such route: {{"message":"Not Found"}}',
                f'Add api.route("{missing}", apiHandler.arn, ...), or take it out of ROUTES in {HANDLER}.',
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
    """Each has an integration with a function of ours, which the gateway may invoke, and which answers it."""
    graph = rehearsed.graph
    answered_by_handler = {*expected_routes(rehearsed.root), "$default"}
    integrations = {f"integrations/{found.id}": found for found in graph.of_type(INTEGRATION)}
    for route in graph.of_type(ROUTE):
        key = route.value("routeKey")
        integration = integrations.get(str(route.value("target")))
        function = function_of(graph, integration.value("integrationUri")) if integration else None
        if integration is None or function is None:
            yield finding_at(
                route,
                "route-leads-nowhere",
                "critical",
                f'{key} leads to no function of this stack: {{"message":"Internal Server Error"}}',
                "Give api.route the ARN of a function that the program makes.",
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
                "api.route makes one.",
            )
        runs_handler = f"/{function.value('handler')}".rpartition(".")[0] in f"/{HANDLER}"
        if key in answered_by_handler and not runs_handler:
            yield finding_at(
                route,
                "route-to-another-function",
                "critical",
                f"{key} leads to {function.name}, which runs {function.value('handler')} and not {HANDLER}",
                f"Give api.route the function that runs {HANDLER}.",
            )
        if integration.value("payloadFormatVersion") != "2.0":
            yield finding_at(
                integration,
                "payload-version",
                "critical",
                f"{key}: the handler reads events of version 2.0 and will get 1.0: KeyError: 'routeKey'",
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
    """Outside of development, /health alone answers everybody; a browser's question before a call has no name."""
    graph = rehearsed.graph
    for route in graph.of_type(ROUTE):
        key, kind = str(route.value("routeKey")), str(route.value("authorizationType") or "NONE")
        asked_for_nothing = key in FOR_EVERYBODY or key.startswith("OPTIONS ")
        if kind == "NONE" and not asked_for_nothing and not graph.development:
            yield finding_at(
                route,
                "open-route",
                "critical",
                f"Anybody on the internet may call {key} on {graph.stage}, and each call may cost a model's answer",
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
                f"{key} takes any token of the issuer, an ID token too: nothing tells them apart but a scope",
                "Give auth.jwt.scopes.",
            )


def stages_bound_and_tell(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Throttled, so that a flood costs little, and logged, so that it is seen."""
    graph = rehearsed.graph
    stages = graph.of_type(STAGE)
    for api in graph.of_type(API):
        if api.value("disableExecuteApiEndpoint") and not graph.of_type("aws:apigatewayv2/apiMapping:ApiMapping"):
            yield finding_at(
                api,
                "api-unreachable",
                "critical",
                "The API's own address is switched off, and it has no other: every request is answered 404",
                "Leave disableExecuteApiEndpoint out, or give the API a domain.",
            )
        if not any(s.value("apiId") == api.id and s.value("autoDeploy") for s in stages):
            yield finding_at(
                api,
                "api-not-deployed",
                "critical",
                'No stage of the API deploys its routes: {"message":"Not Found"} for each of them',
                'Add a stage "$default" with autoDeploy: true, as sst.aws.ApiGatewayV2 does.',
            )
    for stage in stages:
        settings = stage.part("defaultRouteSettings")
        if not settings.value("throttlingRateLimit") or not settings.value("throttlingBurstLimit"):
            yield finding_at(
                stage,
                "api-without-throttle",
                "medium",
                "The API takes as many requests as the whole account may have: one caller can stop all the others",
                "Set throttlingRateLimit and throttlingBurstLimit in defaultRouteSettings, through transform.stage: "
                "ApiGatewayV2 itself ignores a throttle argument.",
            )
        if not stage.part("accessLogSettings").value("destinationArn"):
            yield finding_at(
                stage,
                "api-without-access-log",
                "medium",
                "What the gateway refuses or cannot deliver is logged nowhere",
                "Set accessLog on the ApiGatewayV2.",
            )


CHECKS = (
    routes_are_there,
    routes_lead_somewhere,
    routes_ask_who_calls,
    stages_bound_and_tell,
)
