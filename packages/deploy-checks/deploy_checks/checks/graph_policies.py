"""Policies: every action exists, wildcards are avoided, and only its service may assume a role."""

import json
import re
from collections.abc import Iterator

from stack_graph.graph import HIDDEN, Graph, Rehearsed, Resource
from stack_graph.iam import INTERFACES, document, role_of, statements_of
from stack_graph.lambdas import FUNCTION
from stack_graph.program import place_of, written

from deploy_checks.finding import Finding, NotChecked, Severity, Verdict, finding_at
from deploy_checks.iam_actions import exists, takes, takes_resources
from deploy_checks.rules import Rule

ROLE = "aws:iam/role:Role"
LONGEST_MANAGED, LONGEST_INLINE = 6_144, 10_240
"""Characters of a managed policy, and of all inline policies of a role (IAM quotas, 2026-11)."""


def policies_are_json(rehearsed: Rehearsed) -> Iterator[Verdict]:
    """Every policy is valid JSON."""
    graph = rehearsed.graph
    kinds = ("aws:sqs/queuePolicy:QueuePolicy", "aws:s3/bucketPolicy:BucketPolicy", "aws:iam/rolePolicy:RolePolicy")
    texts = [(one, one.raw("policy")) for kind in kinds for one in graph.of_type(kind)]
    for role in graph.of_type(ROLE):
        texts.append((role, role.raw("assumeRolePolicy")))
        texts += [(role, inline.raw("policy")) for inline in role.parts("inlinePolicies")]
    for resource, text in texts:
        if text == HIDDEN:
            yield NotChecked(f"what {resource.name} allows", "its policy is computed from a secret, and not shown")
            continue
        try:
            readable = bool(json.loads(text) if isinstance(text, str) else text)
        except ValueError:
            readable = False
        if not readable:
            yield finding_at(
                resource,
                "malformed-policy",
                "high",
                f"The deploy will fail: MalformedPolicyDocument: This policy contains invalid Json ({resource.name})",
                "Write the policy with $jsonStringify, or aws.iam.getPolicyDocumentOutput.",
            )


def policies_fit_iam(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No policy is longer than IAM accepts, white space not counted."""
    graph = rehearsed.graph
    sizes = [(one, _size(one.raw("policy")), LONGEST_MANAGED) for one in graph.of_type("aws:iam/policy:Policy")]
    for role in graph.of_type(ROLE):
        sizes.append((role, sum(_size(one.raw("policy")) for one in role.parts("inlinePolicies")), LONGEST_INLINE))
    for resource, size, limit in sizes:
        if size > limit:
            yield finding_at(
                resource,
                "policy-too-long",
                "high",
                f"The deploy will fail: LimitExceeded: {resource.name} has {size} characters, and IAM takes {limit}",
                "Name fewer resources, or move statements to a managed policy.",
            )


def _size(policy: object) -> int:
    return len("".join(str(policy).split()))


def _owner(graph: Graph, role: Resource) -> str:
    component = graph.by_urn.get(role.parent or "")
    return component.name if component and component.type.startswith("sst:") else role.name


def _granted(rehearsed: Rehearsed, role: Resource, action: str) -> tuple[str, int]:
    """The line of the program that grants the action to the role."""
    named = rf"""["']{re.escape(action)}["']"""
    return written(rehearsed, role, rf"actions:\s*\[[^\]]*{named}|^\s*{named},?$") or (role.file, role.line)


def actions_exist(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every action in a policy exists. IAM accepts unknown actions, and they allow nothing."""
    graph = rehearsed.graph
    for role in graph.of_type(ROLE):
        actions = {action for statement in statements_of(graph, role) for action in statement.actions}
        for action in sorted(action for action in actions if not exists(action)):
            yield Finding(
                "unknown-action",
                "critical",
                *_granted(rehearsed, role, action),
                f'The role of {_owner(graph, role)} lists "{action}", which is not an IAM action: the deploy '
                "succeeds, and it allows nothing",
                "Name the action that authorises the call: bedrock:InvokeModel for Converse, "
                "bedrock:InvokeModelWithResponseStream for ConverseStream."
                if action.lower().startswith("bedrock")
                else "Correct the action's name, see the Service Authorization Reference.",
            )


def grants_are_of_something(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every action is granted on a resource of its type."""
    graph = rehearsed.graph
    for role in graph.of_type(ROLE):
        for statement in statements_of(graph, role):
            judged = statement.allow and not (statement.managed or statement.inverted or statement.unknown)
            named = statement.actions if judged else ()
            for action in named:
                if not any(takes(action, arn) for arn in statement.resources):
                    yield Finding(
                        "grant-of-nothing",
                        "critical",
                        *_granted(rehearsed, role, action),
                        f"The role of {_owner(graph, role)} may {action} on {', '.join(statement.resources)}, "
                        "which has "
                        "no resource type of that action: the deploy succeeds, and the call is denied",
                        "Use an ARN of the right type, see the Service Authorization Reference.",
                    )


def grants_are_narrow(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Policies name their actions and resources. A wildcard grants unneeded and future ones too."""
    graph = rehearsed.graph
    for role in graph.of_type(ROLE):
        for statement in statements_of(graph, role):
            if not statement.allow or statement.unknown:
                continue
            wide = [action for action in statement.actions if "*" in action] or list(statement.inverted)
            # AWS's managed policies name actions and no resources, by design.
            open_actions = [] if statement.managed else [a for a in statement.actions if _could_be_named(a)]
            everything = [arn for arn in statement.resources if _is_everything(arn)]
            if wide:
                yield _wide(rehearsed, role, wide[0], "wildcard-action", f"may do {', '.join(sorted(wide))}")
            elif everything and open_actions:
                grant = f"may {', '.join(open_actions)} on {everything[0]}"
                yield _wide(rehearsed, role, open_actions[0], "wildcard-resource", grant)


def _could_be_named(action: str) -> bool:
    return action not in INTERFACES and takes_resources(action)


def _is_everything(arn: str) -> bool:
    parts = arn.split(":", 5)
    return arn == "*" or (len(parts) == 6 and parts[5] in {"*", "*/*", "foundation-model/*", "inference-profile/*"})


def _wide(rehearsed: Rehearsed, role: Resource, action: str, rule: Rule, grant: str) -> Finding:
    graph = rehearsed.graph
    return Finding(
        rule,
        "low",
        *_granted(rehearsed, role, action),
        f"{_owner(graph, role)} {grant}: an attacker who controls it has all of that",
        "Name the actions that the code calls, and the ARNs of the resources: outputs of the program's resources.",
    )


def trust_is_narrow(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Only the service that runs as a role may assume it."""
    graph = rehearsed.graph
    defaults: list[Resource] = []
    for role in graph.of_type(ROLE):
        for statement in document(role.raw("assumeRolePolicy")):
            principal = statement.get("Principal")
            accounts = principal.get("AWS") if isinstance(principal, dict) else principal
            if statement.get("Effect") == "Allow" and accounts and not statement.get("Condition"):
                own = f"arn:aws:iam::{graph.account}:root"  # SST's default, which sst dev needs
                if accounts == own:
                    defaults.append(role)
                    continue
                severity: Severity = "critical" if accounts == "*" else "medium"
                yield Finding(
                    "wide-trust",
                    severity,
                    *place_of(rehearsed, role, "assumeRolePolicy"),
                    f"{accounts} may assume the role of {_owner(graph, role)}: they have all its permissions",
                    'Trust only the service: assumeRolePolicy for { Service: "lambda.amazonaws.com" }.',
                )
    if defaults:
        yield Finding(
            "wide-trust",
            "low",
            *place_of(rehearsed, defaults[0], "assumeRolePolicy"),
            f"The account's other users and roles may assume {', '.join(_owner(graph, role) for role in defaults)}, by "
            "SST's default, which sst dev needs",
            'Trust only the service, through transform.role: assumeRolePolicy for { Service: "lambda.amazonaws.com" }.',
        )


def lambda_may_assume(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A function's role trusts Lambda."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        role = role_of(graph, function)
        trusted = document(role.raw("assumeRolePolicy")) if role else []
        if role and not any("lambda.amazonaws.com" in str(one.get("Principal")) for one in trusted):
            yield Finding(
                "role-not-for-lambda",
                "high",
                *place_of(rehearsed, role, "assumeRolePolicy"),
                "The deploy will fail: InvalidParameterValueException: The role defined for the function cannot be "
                f"assumed by Lambda. ({_owner(graph, role)})",
                'Trust { Service: "lambda.amazonaws.com" } in assumeRolePolicy.',
            )


CHECKS = (
    policies_are_json,
    policies_fit_iam,
    actions_exist,
    grants_are_of_something,
    grants_are_narrow,
    trust_is_narrow,
    lambda_may_assume,
)
