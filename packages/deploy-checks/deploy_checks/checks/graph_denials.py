"""Policies of what is called: a queue, a bucket or an endpoint may refuse what the caller's role allows."""

from collections.abc import Iterator, Mapping

from stack_graph.graph import Graph, Rehearsed, Resource
from stack_graph.handler_calls import Call
from stack_graph.iam import Statement, allows, parsed
from stack_graph.lambdas import FUNCTION, arns, calls, label, targets
from stack_graph.vpc import endpoints, subnets

from deploy_checks.checks.graph_permissions import actions_of
from deploy_checks.finding import Finding, finding_at

ATTACHED = {
    "aws:sqs/queuePolicy:QueuePolicy": ("queueUrl", "url"),
    "aws:s3/bucketPolicy:BucketPolicy": ("bucket", "bucket"),
    "aws:secretsmanager/secretPolicy:SecretPolicy": ("secretArn", "arn"),
}
"""A policy's property that names its resource, and the resource's output that it names."""


def policies_let_callers_in(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Nothing that a function's code calls is refused by the policy of what it calls, or of the way there."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        for call in calls(rehearsed.root, function):
            asked, known = _asked(rehearsed, function, call), _known(graph, call)
            for policy, way in _policies(rehearsed, function, call):
                refused = next(((a, arn) for a, arn in asked if _refuses(policy, way, a, arn, known)), None)
                if refused:
                    action, arn = refused
                    yield finding_at(
                        policy,
                        "policy-denies",
                        "critical",
                        f"{label(graph, function)} will be refused: AccessDeniedException: is not authorized to "
                        f"perform: {action} on resource: {arn} because of the policy of {policy.name}",
                        "Narrow the denial with a condition, or allow the function's role what it calls.",
                    )


def _asked(rehearsed: Rehearsed, function: Resource, call: Call) -> list[tuple[str, str]]:
    found = targets(rehearsed.graph, function, call.service)
    named = [arn for target in found for arn in arns(rehearsed.root, function, call, target)]
    return [(action, arn) for action in actions_of(call) for arn in named or ["*"]]


def _known(graph: Graph, call: Call) -> dict[str, str]:
    """What conditions are told of the call. A denial on anything else is somebody's intention."""
    known = {"aws:SecureTransport": "true", "aws:PrincipalAccount": graph.account}
    # Bedrock's models are AWS's: of a call to them nobody can ask whose they are.
    return known if call.service == "bedrock-runtime" else {**known, "aws:ResourceAccount": graph.account}


def _policies(rehearsed: Rehearsed, function: Resource, call: Call) -> Iterator[tuple[Resource, bool]]:
    """The policies that a call meets; whether one is of a way, which lets through only what it allows."""
    graph = rehearsed.graph
    for target in targets(graph, function, call.service):
        for kind, (names, output) in ATTACHED.items():
            for policy in graph.of_type(kind):
                if policy.value(names) in {target.value(output), target.id}:
                    yield policy, False
    for subnet in subnets(graph, function)[:1]:
        for endpoint in endpoints(graph, call.service, subnet.value("vpcId")):
            if endpoint.raw("policy"):
                yield endpoint, True


def _refuses(policy: Resource, way: bool, action: str, arn: str, known: Mapping[str, str]) -> bool:
    statements = [s for s in parsed(policy.raw("policy")) if s.allow or _conditions(s) <= known.keys()]
    if way:
        return not allows(statements, action, arn, known)
    return any(not statement.allow and statement.applies(action, arn, known) for statement in statements)


def _conditions(statement: Statement) -> set[str]:
    return {key for keys in statement.conditions.values() for key in keys}


CHECKS = (policies_let_callers_in,)
