"""Policies: every action exists, no wildcard grants what could be named, and only its owner may assume a role."""

import json
from collections.abc import Iterator
from functools import cache

import botocore.session
from botocore.exceptions import UnknownServiceError

from pre_deploy.finding import Finding
from pre_deploy.graph import Graph, Rehearsed, Resource
from pre_deploy.iam import INTERFACES, document, matches, role_of, statements_of
from pre_deploy.lambdas import FUNCTION

ROLE = "aws:iam/role:Role"

PREFIX_SERVICES = {"bedrock": ("bedrock", "bedrock-runtime"), "lambda": ("lambda",), "execute-api": ()}
"""Where a prefix covers other services of botocore's than the one of its name."""

NO_ACTIONS = {"bedrock": {"Converse", "ConverseStream"}}
"""Operations that are authorised under another name: IAM takes the words, and they grant nothing."""

BEYOND_OPERATIONS = {
    "bedrock": {"CallWithBearerToken"},
    "s3": {"ListBucket", "ListBucketVersions", "GetObjectVersion", "DeleteObjectVersion", "ListAllMyBuckets"},
    "lambda": {"InvokeFunction", "InvokeAsync"},
}
"""Actions that are no operation."""

WITHOUT_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "cloudwatch:PutMetricData", *INTERFACES}
"""Actions that IAM cannot restrict to an ARN."""


def policies_are_json(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each policy can be read."""
    graph = rehearsed.graph
    kinds = ("aws:sqs/queuePolicy:QueuePolicy", "aws:s3/bucketPolicy:BucketPolicy", "aws:iam/rolePolicy:RolePolicy")
    texts = [(one, one.value("policy")) for kind in kinds for one in graph.of_type(kind)]
    for role in graph.of_type(ROLE):
        texts.append((role, role.value("assumeRolePolicy")))
        texts += [(role, inline.get("policy")) for inline in role.value("inlinePolicies") or []]
    for resource, text in texts:
        try:
            readable = bool(json.loads(text) if isinstance(text, str) else text)
        except ValueError:
            readable = False
        if not readable:
            yield resource.finding(
                "malformed-policy",
                "high",
                f"The deploy will fail: MalformedPolicyDocument: This policy contains invalid Json ({resource.name})",
                "Write the policy with $jsonStringify, or aws.iam.getPolicyDocumentOutput.",
            )


def _owner(graph: Graph, role: Resource) -> str:
    component = graph.by_urn.get(role.parent or "")
    return component.name if component and component.type.startswith("sst:") else role.name


def actions_exist(rehearsed: Rehearsed) -> Iterator[Finding]:
    """IAM says nothing of an action that does not exist: the call that it was meant for is refused."""
    graph = rehearsed.graph
    for role in graph.of_type(ROLE):
        actions = {action for statement in statements_of(graph, role) for action in statement.actions}
        for action in sorted(action for action in actions if not _exists(action)):
            yield role.finding(
                "unknown-action",
                "critical",
                f'The role of {_owner(graph, role)} lists "{action}", which is no IAM action: the deploy says OK, and '
                "it allows nothing",
                "Name the action that authorises the call: bedrock:InvokeModel for Converse, "
                "bedrock:InvokeModelWithResponseStream for ConverseStream."
                if action.lower().startswith("bedrock")
                else "Correct the action's name, see the Service Authorization Reference.",
            )


def _exists(action: str) -> bool:
    prefix, colon, name = action.partition(":")
    if action == "*":
        return True
    known = _known(prefix.lower())
    return bool(colon) and (known is None or any(matches(name.lower(), one) for one in known))


@cache
def _known(prefix: str) -> frozenset[str] | None:
    """The names of a prefix's actions in lower case; ``None`` where they are not known here."""
    session = botocore.session.get_session()
    services = PREFIX_SERVICES.get(prefix, (prefix,))
    try:
        models = [session.get_service_model(service) for service in services]
    except UnknownServiceError:
        return None
    signs_as = {model.signing_name for model in models}
    if prefix not in signs_as and signs_as & set(session.get_available_services()):
        return frozenset()  # such as bedrock-runtime: botocore's name, not IAM's
    names = {name for model in models for name in model.operation_names} - NO_ACTIONS.get(prefix, set())
    return frozenset(name.lower() for name in names | BEYOND_OPERATIONS.get(prefix, set())) if models else None


def grants_are_narrow(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A wildcard grants what nobody needs, and what will exist tomorrow."""
    graph = rehearsed.graph
    for role in graph.of_type(ROLE):
        for statement in statements_of(graph, role):
            if not statement.allow:
                continue
            wide = [action for action in statement.actions if "*" in action] or list(statement.inverted)
            # AWS's own policies name actions, not resources: that is what they are for.
            open_actions = [] if statement.managed else [a for a in statement.actions if a not in WITHOUT_RESOURCE]
            everything = [arn for arn in statement.resources if _is_everything(arn)]
            if wide:
                yield _wide(graph, role, "wildcard-action", f"may do {', '.join(sorted(wide))}")
            elif everything and open_actions:
                yield _wide(graph, role, "wildcard-resource", f"may {', '.join(open_actions)} on {everything[0]}")


def _is_everything(arn: str) -> bool:
    parts = arn.split(":", 5)
    return arn == "*" or (len(parts) == 6 and parts[5] in {"*", "*/*", "foundation-model/*", "inference-profile/*"})


def _wide(graph: Graph, role: Resource, rule: str, what: str) -> Finding:
    return role.finding(
        rule,
        "medium" if graph.development else "high",
        f"{_owner(graph, role)} {what}: whoever gets into it gets all of that",
        "Name the actions that the code calls, and the ARNs of the resources: outputs of what the program makes.",
    )


def trust_is_narrow(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Only the service that runs as a role may assume it."""
    graph = rehearsed.graph
    for role in graph.of_type(ROLE):
        for statement in document(role.value("assumeRolePolicy")):
            principal = statement.get("Principal")
            accounts = principal if isinstance(principal, str) else (principal or {}).get("AWS")
            if statement.get("Effect") == "Allow" and accounts and not statement.get("Condition"):
                yield role.finding(
                    "wide-trust",
                    "medium" if graph.development and accounts != "*" else "high",
                    f"{accounts} may assume the role of {_owner(graph, role)}: its rights are theirs too",
                    'Trust the service alone: assumeRolePolicy for { Service: "lambda.amazonaws.com" }.',
                )


def lambda_may_assume(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A function's role trusts Lambda."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        role = role_of(graph, function)
        trusted = document(role.value("assumeRolePolicy")) if role else []
        if role and not any("lambda.amazonaws.com" in str(one.get("Principal")) for one in trusted):
            yield role.finding(
                "role-not-for-lambda",
                "high",
                "The deploy will fail: InvalidParameterValueException: The role defined for the function cannot be "
                f"assumed by Lambda. ({_owner(graph, role)})",
                'Trust { Service: "lambda.amazonaws.com" } in assumeRolePolicy.',
            )


CHECKS = (policies_are_json, actions_exist, grants_are_narrow, trust_is_narrow, lambda_may_assume)
