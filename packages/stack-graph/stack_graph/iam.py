"""What a role may do, by the policies that the graph gives it, decided as IAM decides."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from stack_graph.graph import Graph, Resource, Values, listed

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
"""AWS's own policies, as far as a function's role has use for them. An unknown one allows nothing here."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy."""

    allow: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]
    inverted: frozenset[str]
    """``NotAction`` and ``NotResource``, where the lists are those."""
    managed: bool = False
    """AWS wrote it."""

    def names(self, action: str) -> bool:
        """Whether it is about this action, on whatever resource."""
        return any(matches(pattern.lower(), action.lower()) for pattern in self.actions) != (
            "NotAction" in self.inverted
        )

    def applies(self, action: str, resource: str, context: Mapping[str, str]) -> bool:
        """Whether it is about this call. A condition on what is not known of the call is not met."""
        about_resource = any(matches(pattern, resource) for pattern in self.resources)
        return (
            self.names(action)
            and about_resource != ("NotResource" in self.inverted)
            and all(
                _met(test, key, wanted, context)
                for test, keys in self.conditions.items()
                for key, wanted in keys.items()
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


def _met(test: str, key: str, wanted: Any, context: Mapping[str, str]) -> bool:
    operator = test.removesuffix("IfExists")
    given = context.get(key)
    if given is None:
        return operator != test or operator == "Null" or "Not" in operator
    equal = any(_equals(operator, str(value), given) for value in listed(wanted))
    return equal != ("Not" in operator)


def _equals(operator: str, wanted: str, given: str) -> bool:
    if operator.startswith(("StringLike", "StringNotLike", "Arn")):
        return matches(wanted, given)
    return wanted.lower() == given.lower() if operator in {"Bool", "StringEqualsIgnoreCase"} else wanted == given


def document(policy: Any) -> list[dict[str, Any]]:
    """The statements of a policy's JSON, or of the object that Pulumi makes of it."""
    return [statement.data for statement in Values({"policy": policy}).part("policy").parts("Statement")]


def parsed(policy: Any) -> list[Statement]:
    """The statements of a policy."""
    return [_statement(statement) for statement in document(policy)]


def statements_of(graph: Graph, role: Resource) -> list[Statement]:
    """What the role's policies say: its own, those attached to it, and AWS's."""
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
    said = Values(data)
    tests = said.part("Condition")
    return Statement(
        allow=data.get("Effect") == "Allow",
        actions=(*said.texts("Action"), *said.texts("NotAction")),
        resources=(*said.texts("Resource"), *said.texts("NotResource")),
        conditions={test: tests.part(test).data for test in tests.data},
        inverted=frozenset({"NotAction", "NotResource"} & data.keys()),
    )


def role_of(graph: Graph, function: Resource) -> Resource | None:
    """The role that a function runs as."""
    return graph.with_output("arn", function.value("role"), "aws:iam/role:Role")
