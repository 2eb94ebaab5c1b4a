"""The stages of the HTTP API: deployed, throttled, and with a log of who called."""

import re
from collections.abc import Iterator

from stack_graph.graph import Graph, Rehearsed, Resource

from deploy_checks.checks.graph_routes import API, ROUTE, Expected
from deploy_checks.finding import Finding, Severity, finding_at

STAGE = "aws:apigatewayv2/stage:Stage"

CALLER = ("identity.sourceIp", "identity.userArn", "authorizer.claims.sub")
"""The caller in an access log: the address, and the identity by IAM or by token."""

CALLERS_OWN_TEXT = ("path", "identity.userAgent", "domainName", "protocol")
"""Variables with text that callers choose: a document may be in it."""


def _severity(rehearsed: Rehearsed, stage: Resource) -> Severity:
    """Of a default of SST: it is advice, except for the product's API, where each call may cost a model call."""
    of_product = Expected.of(rehearsed).of_api(rehearsed.graph, stage.value("apiId"))
    return "medium" if of_product else "low"


def stages_throttle_and_log(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The API's stages deploy their routes, are throttled, and write access logs."""
    graph = rehearsed.graph
    stages = graph.of_type(STAGE)
    for api in graph.of_type(API):
        if api.value("disableExecuteApiEndpoint") and not graph.of_type("aws:apigatewayv2/apiMapping:ApiMapping"):
            yield finding_at(
                api,
                "api-unreachable",
                "critical",
                "The API's default endpoint is disabled, and it has no other: every request is answered 404",
                "Remove disableExecuteApiEndpoint, or give the API a domain.",
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
                _severity(rehearsed, stage),
                "The API accepts as many requests as the account's limit: one caller can use it up for all others",
                "Give the ApiGatewayV2, which ignores a throttle argument, transform: { stage: { defaultRouteSettings: "
                "{ throttlingRateLimit: 50, throttlingBurstLimit: 100 } } }, with your limits.",
            )
        if not stage.part("accessLogSettings").value("destinationArn"):
            yield finding_at(
                stage,
                "api-without-access-log",
                _severity(rehearsed, stage),
                "Requests that the gateway refuses or cannot deliver are not logged",
                'Give the ApiGatewayV2 accessLog: { retention: "1 month" }.',
            )


def access_logs_name_the_caller(rehearsed: Rehearsed) -> Iterator[Finding]:
    """An access log has the identity of each caller, and nothing that a caller could put a document into."""
    for stage in rehearsed.graph.of_type(STAGE):
        logged = _variables(stage)
        missing = [name for name in CALLER if name not in logged]
        if logged and missing:
            yield finding_at(
                stage,
                "access-log-without-caller",
                _severity(rehearsed, stage),
                f"The access log of {stage.name} does not show who called: it lacks {', '.join(missing)}",
                "Add $context.identity.sourceIp, $context.identity.userArn and $context.authorizer.claims.sub.",
            )
        if texts := [name for name in CALLERS_OWN_TEXT if name in logged]:
            yield finding_at(
                stage,
                "access-log-with-content",
                _severity(rehearsed, stage),
                f"The access log of {stage.name} holds text that callers choose, such as a document in a URL: "
                f"{', '.join(texts)}",
                "Log $context.routeKey, and leave these out.",
            )


def _variables(stage: Resource) -> set[str]:
    text = str(stage.part("accessLogSettings").value("format") or "")
    return set(re.findall(r"\$context\.([\w.]*\w)", text))


def public_routes_have_a_throttle(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Routes that need no credentials have a lower throttle than the others."""
    graph, public = rehearsed.graph, Expected.of(rehearsed).public
    for stage in graph.of_type(STAGE):
        usual = stage.part("defaultRouteSettings").number("throttlingRateLimit", 0)
        limits = {one.value("routeKey"): one.number("throttlingRateLimit", 0) for one in stage.parts("routeSettings")}
        for route in graph.of_type(ROUTE):
            key = str(route.value("routeKey"))
            if route.value("apiId") == stage.value("apiId") and key in public and not 0 < limits.get(key, 0) < usual:
                yield finding_at(
                    stage,
                    "public-route-without-throttle",
                    "medium",
                    f"Everyone on the internet may call {key} as often as all other callers together may call the API",
                    "Give it a lower throttle in the stage's routeSettings.",
                )


def route_settings_are_of_routes(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A stage is created after the routes that it has settings for."""
    graph = rehearsed.graph
    for stage in graph.of_type(STAGE):
        before = _created_before(graph, stage)
        for key in (one.value("routeKey") for one in stage.parts("routeSettings")):
            if key not in before:
                yield finding_at(
                    stage,
                    "route-settings-too-early",
                    "high",
                    f"The deploy will fail: NotFoundException: Unable to find Route by key {key} within the provided "
                    "RouteSettings",
                    f"Let the stage depend on the route {key}, through transform.stage.",
                )


def _created_before(graph: Graph, stage: Resource) -> set[object]:
    """The keys of the routes that the stage depends on."""
    needed = [graph.by_urn[urn] for urn in stage.data.get("dependencies", ()) if urn in graph.by_urn]
    return {resource.value("routeKey") for resource in needed if resource.type == ROUTE}


def filtered_fields_are_logged(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A metric filter on an access log names fields of its format."""
    graph = rehearsed.graph
    filters = graph.of_type("aws:cloudwatch/logMetricFilter:LogMetricFilter")
    for stage in graph.of_type(STAGE):
        settings = stage.part("accessLogSettings")
        group = str(settings.value("destinationArn") or "").partition(":log-group:")[2].removesuffix(":*")
        for found in filters if settings.value("format") else ():
            unknown = set(re.findall(r"\$\.(\w+)", str(found.value("pattern")))) - settings.part("format").data.keys()
            if found.value("logGroupName") == group and unknown:
                yield finding_at(
                    found,
                    "alarm-on-nothing",
                    "medium",
                    f"{found.name} will never count a request: the access log has no {', '.join(sorted(unknown))}",
                    "Add the field to the format of the access log.",
                )


CHECKS = (
    stages_throttle_and_log,
    access_logs_name_the_caller,
    public_routes_have_a_throttle,
    route_settings_are_of_routes,
    filtered_fields_are_logged,
)
