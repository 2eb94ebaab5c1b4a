"""Access to functions that bypasses the API, and to secrets in their environment."""

from collections.abc import Iterator
from typing import Any

from stack_graph.graph import HIDDEN, Rehearsed
from stack_graph.lambdas import FUNCTION, PERMISSION, label, variables
from stack_graph.program import place_of

from deploy_checks.checks.graph_storage import severity
from deploy_checks.finding import Finding, finding_at

URL = "aws:lambda/functionUrl:FunctionUrl"

MAY_BE_ELSEWHERE = ("policy", "policies", "statement", "value", "input", "assumerole")
"""Parts of the names of properties that may contain ARNs of other regions."""


def functions_are_not_open(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No function has an open URL or a permission for every account: both bypass the API's throttle and authorizer."""
    graph = rehearsed.graph
    for url in graph.of_type(URL):
        if url.value("authorizationType") == "NONE":
            yield finding_at(
                url,
                "open-function-url",
                "low",
                f"Everyone may call {url.name} as often as they want, unless its code checks the caller: a function "
                "URL has neither throttle nor authorizer",
                'If that is not intended, set url: { authorization: "iam" }.',
            )
    for permission in graph.of_type(PERMISSION):
        by_url = permission.value("functionUrlAuthType") or permission.value("invokedViaFunctionUrl")  # reported above
        narrowed = by_url or any(permission.value(name) for name in ("sourceArn", "sourceAccount", "principalOrgId"))
        if permission.value("principal") == "*" and not narrowed:
            yield finding_at(
                permission,
                "open-function",
                "critical",
                f"{permission.name} lets every AWS account invoke the function",
                "Name the principal, and the sourceArn.",
            )


def secrets_stay_out_of_the_environment(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No secret is in an environment variable: it is readable with the function, and in the state file."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        for name, value in variables(function).items():
            if HIDDEN in value and not name.startswith("SST_"):
                yield Finding(
                    "secret-in-environment",
                    severity(graph),
                    *place_of(rehearsed, function, name),
                    f"{label(graph, function)} has a secret in its environment, {name}: everyone with access to "
                    "the function's configuration can read it",
                    "Pass the secret's ARN, and read the secret from Secrets Manager.",
                )


def names_are_of_this_region(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Resources refer only to ARNs of their region. Those of CloudFront are of none."""
    graph = rehearsed.graph
    for resource in (one for one in graph.resources if not one.type.startswith("aws:cloudfront/")):
        own = str(resource.value("region") or graph.region)
        for arn in _arns(resource.inputs) if resource.type.startswith("aws:") else ():
            region = arn.split(":")[3]
            if region and region != own:
                yield finding_at(
                    resource,
                    "other-region",
                    "high",
                    f"The deploy will fail: {resource.name} is in {own} and refers to {arn}",
                    f"Use an ARN of {own}: take the region from the stage.",
                )


def _arns(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, part in value.items():
                if not any(word in name.lower() for word in MAY_BE_ELSEWHERE):
                    yield from _arns(part)
        case list():
            for part in value:
                yield from _arns(part)
        case str() if value.startswith("arn:aws:") and value.count(":") > 4:
            yield value


CHECKS = (functions_are_not_open, secrets_stay_out_of_the_environment, names_are_of_this_region)
