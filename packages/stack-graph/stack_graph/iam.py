"""Permissions of a role: evaluates its policies in the graph as IAM does."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from stack_graph.graph import HIDDEN, Graph, Resource, Values, listed

LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
INTERFACES = [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
]
MANAGED = {
    "AWSLambdaBasicExecutionRole": LOGS,
    "AWSLambdaVPCAccessExecutionRole": LOGS + INTERFACES,
    "AWSLambdaSQSQueueExecutionRole": [*LOGS, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
    "AWSXRayDaemonWriteAccess": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
    "AdministratorAccess": ["*"],
}
"""AWS's managed policies that functions' roles use. An unknown one allows nothing here."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]
    inverted: frozenset[str]
    """``NotAction`` and ``NotResource``, if the statement has them."""
    managed: bool = False
    """Whether it is from one of AWS's managed policies."""
    unknown: bool = False
    """Whether it stands for a policy that is not shown: it may allow anything."""

    def names(self, action: str) -> bool:
        """Whether it applies to the action, on any resource."""
        return any(matches(pattern.lower(), action.lower()) for pattern in self.actions) != (
            "NotAction" in self.inverted
        )

    def applies(self, action: str, resource: str, context: Mapping[str, str]) -> bool:
        """Whether it applies to the call. A condition on an unknown key is not met."""
        about_resource = any(matches(pattern, resource) for pattern in self.resources)
        return (
            self.names(action)
            and about_resource != ("NotResource" in self.inverted)
            and all(
                _met(test, key, expected, context)
                for test, keys in self.conditions.items()
                for key, expected in keys.items()
            )
        )


def allows(
    statements: Iterable[Statement], action: str, resource: str, context: Mapping[str, str] | None = None
) -> bool:
    """Whether the call would be allowed: one statement allows it, and none denies it."""
    about = [statement for statement in statements if statement.applies(action, resource, context or {})]
    return bool(about) and all(statement.allow for statement in about)


def matches(pattern: str, text: str) -> bool:
    """IAM's wildcards: ``*`` and ``?``."""
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _met(test: str, key: str, expected: Any, context: Mapping[str, str]) -> bool:
    operator = test.removesuffix("IfExists")
    given = context.get(key)
    if given is None:
        return operator != test or operator == "Null" or "Not" in operator
    equal = any(_equals(operator, str(value), given) for value in listed(expected))
    return equal != ("Not" in operator)


def _equals(operator: str, expected: str, given: str) -> bool:
    if operator.startswith(("StringLike", "StringNotLike", "Arn")):
        return matches(expected, given)
    return expected.lower() == given.lower() if operator in {"Bool", "StringEqualsIgnoreCase"} else expected == given


def document(policy: Any) -> list[dict[str, Any]]:
    """The statements of a policy, as JSON text or as Pulumi's object."""
    return [statement.data for statement in Values({"policy": policy}).part("policy").parts("Statement")]


def parsed(policy: Any) -> list[Statement]:
    """The statements of a policy."""
    if policy == HIDDEN:  # it is computed from a secret
        return [Statement(True, ("*",), ("*",), {}, frozenset(), unknown=True)]
    return [_statement(statement) for statement in document(policy)]


def statements_of(graph: Graph, role: Resource) -> list[Statement]:
    """The statements of a role's policies: inline, attached and managed by AWS."""
    own = [inline.raw("policy") for inline in role.parts("inlinePolicies")]
    names = {role.value("name"), role.value("arn"), role.id}
    own += [p.raw("policy") for p in graph.of_type("aws:iam/rolePolicy:RolePolicy") if p.value("role") in names]
    attached = role.texts("managedPolicyArns")
    attachments = graph.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    attached += [str(attachment.value("policyArn")) for attachment in attachments if attachment.value("role") in names]
    found = [statement for policy in own for statement in parsed(policy)]
    for arn in attached:
        written = graph.with_output("arn", arn, "aws:iam/policy:Policy")
        if written:
            found += parsed(written.raw("policy"))
        else:
            name = arn.rpartition("/")[2]
            actions = MANAGED.get(name, ["*"] if name.endswith("FullAccess") else [])
            found.append(Statement(True, tuple(actions), ("*",), {}, frozenset(), managed=True))
    return found


def _statement(data: dict[str, Any]) -> Statement:
    fields = Values(data)
    tests = fields.part("Condition")
    return Statement(
        allow=data.get("Effect") == "Allow",
        actions=(*fields.texts("Action"), *fields.texts("NotAction")),
        resources=(*fields.texts("Resource"), *fields.texts("NotResource")),
        conditions={test: tests.part(test).data for test in tests.data},
        inverted=frozenset({"NotAction", "NotResource"} & data.keys()),
    )


def role_of(graph: Graph, function: Resource) -> Resource | None:
    """The role that a function runs as."""
    return graph.with_output("arn", function.value("role"), "aws:iam/role:Role")
