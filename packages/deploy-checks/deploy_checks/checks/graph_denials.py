"""Resource policies: a queue, a bucket or an endpoint may deny a call that the caller's role allows."""

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
"""The property of a policy with its resource, and the output of the resource that it contains."""


def policies_let_callers_in(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No call of a function's code is denied by the policy of the resource, or of the VPC endpoint on the way."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        for call in calls(rehearsed.root, function):
            requests, known = _requests(rehearsed, function, call), _known(graph, call)
            for policy, is_endpoint in _policies(rehearsed, function, call):
                refused = next(((a, arn) for a, arn in requests if _refuses(policy, is_endpoint, a, arn, known)), None)
                if refused:
                    action, arn = refused
                    yield finding_at(
                        policy,
                        "policy-denies",
                        "critical",
                        f"{label(graph, function)} will be refused: AccessDeniedException: is not authorized to "
                        f"perform: {action} on resource: {arn} because of the policy of {policy.name}",
                        "Narrow the denial with a condition, or allow the call to the function's role.",
                    )


def _requests(rehearsed: Rehearsed, function: Resource, call: Call) -> list[tuple[str, str]]:
    found = targets(rehearsed.graph, function, call.service)
    named = [arn for target in found for arn in arns(rehearsed.root, function, call, target)]
    return [(action, arn) for action in actions_of(call) for arn in named or ["*"]]


def _known(graph: Graph, call: Call) -> dict[str, str]:
    """The condition keys of the call that are known. A denial with other conditions is taken as intended."""
    known = {"aws:SecureTransport": "true", "aws:PrincipalAccount": graph.account}
    # Bedrock's models belong to AWS: their calls have no resource account.
    return known if call.service == "bedrock-runtime" else {**known, "aws:ResourceAccount": graph.account}


def _policies(rehearsed: Rehearsed, function: Resource, call: Call) -> Iterator[tuple[Resource, bool]]:
    """The policies that apply to a call, and whether each is an endpoint's, which denies by default."""
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


def _refuses(policy: Resource, is_endpoint: bool, action: str, arn: str, known: Mapping[str, str]) -> bool:
    statements = [s for s in parsed(policy.raw("policy")) if s.allow or _conditions(s) <= known.keys()]
    if is_endpoint:
        return not allows(statements, action, arn, known)
    return any(not statement.allow and statement.applies(action, arn, known) for statement in statements)


def _conditions(statement: Statement) -> set[str]:
    return {key for keys in statement.conditions.values() for key in keys}


CHECKS = (policies_let_callers_in,)
