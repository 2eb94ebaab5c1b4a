"""The policies of the deploy role, in infra/deploy-role: they allow what the stack's resources need, and fit IAM."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from stack_graph.graph import Graph, Rehearsed, Resource
from stack_graph.iam import Statement, allows, parsed

from deploy_checks.aws_rules import kinds_of, schema_of
from deploy_checks.checks.graph_policies import LONGEST_MANAGED
from deploy_checks.finding import Finding, NotChecked, Verdict
from deploy_checks.iam_actions import exists, takes, takes_resources

FOLDER = "infra/deploy-role"
TRUST = "trust.json"
BASIC_EXECUTION = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

PREFIXES = {"ApiGatewayV2": "apigateway", "DBInstance": "rds"}
"""IAM's names of services, if CloudFormation's differ by more than capitals."""

UNUSED = {
    "cloudwatch/logGroup": (
        "BearerToken",
        "DataProtection",
        "DeletionProtection",
        "IndexPolic",
        "KmsKey",
        "LogDelivery",
        "ResourcePolic",
    ),
    "ec2/instance": (
        "Volume",
        "IamInstanceProfile",
        "CreditSpecification",
        "MaintenanceOptions",
        "MetadataOptions",
        "InstancePlacement",
        "PrivateDns",
        "onitorInstances",
    ),
    "ec2/keyPair": ("CreateKeyPair",),
    "ec2/natGateway": ("NatGatewayAddress",),
    "ec2/subnet": ("SubnetCidrBlock",),
    "ec2/vpc": ("VpcEncryptionControl", "VpcTenancy"),
    "iam/role": ("PermissionsBoundary",),
    "lambda/function": (
        "CodeSigning",
        "Layer",
        "PublishVersion",
        "RuntimeAlias",
        "Recursion",
        "Scaling",
        "CapacityProvider",
        "RuntimeManagement",
    ),
    "rds/instance": ("Role", "ReadReplica", "Cluster", "Backup", "Restore", "Events"),
    "s3/bucket": (
        "Metadata",
        "Analytics",
        "Abac",
        "Inventory",
        "IntelligentTiering",
        "Metrics",
        "ObjectLock",
        "ObjectAcl",
        "Accelerate",
        "ReplicationConfiguration",
        "Website",
    ),
    "secretsmanager/secret": ("Replicat", "RandomPassword"),
    "sns/topic": ("DataProtection",),
    "ec2/eip": ("AcceptAddressTransfer",),
}
"""Parts of the names of actions that a type needs only for features that the stack does not use."""

OTHER: Mapping[str, tuple[str, ...]] = {
    "cloudwatch/logMetricFilter": ("logs:PutMetricFilter", "logs:DeleteMetricFilter", "logs:DescribeMetricFilters"),
    "ec2/defaultSecurityGroup": ("ec2:DescribeSecurityGroups", "ec2:RevokeSecurityGroupIngress", "ec2:CreateTags"),
    "ec2/eipAssociation": ("ec2:AssociateAddress", "ec2:DisassociateAddress"),
    "ec2/routeTableAssociation": ("ec2:AssociateRouteTable", "ec2:DisassociateRouteTable", "ec2:DescribeRouteTables"),
    "iam/policy": ("iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:GetPolicy"),
    "lambda/invocation": ("lambda:InvokeFunction",),
    "rds/proxyDefaultTargetGroup": ("rds:ModifyDBProxyTargetGroup", "rds:DescribeDBProxyTargetGroups"),
    "rds/proxyTarget": ("rds:RegisterDBProxyTargets", "rds:DeregisterDBProxyTargets"),
    "s3/bucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration", "s3:GetLifecycleConfiguration"),
    "s3/bucketObjectv2": ("s3:PutObject", "s3:GetObject", "s3:DeleteObject"),
    "s3/bucketPublicAccessBlock": ("s3:PutBucketPublicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    "s3/bucketServerSideEncryptionConfiguration": ("s3:PutEncryptionConfiguration", "s3:GetEncryptionConfiguration"),
    "s3/bucketVersioning": ("s3:PutBucketVersioning", "s3:GetBucketVersioning"),
    "secretsmanager/secretRotation": ("secretsmanager:RotateSecret", "secretsmanager:CancelRotateSecret"),
    "secretsmanager/secretVersion": ("secretsmanager:PutSecretValue", "secretsmanager:GetSecretValue"),
}
"""The actions of types that CloudFormation has not, or has as something else."""


def deploy_role_covers_the_stack(rehearsed: Rehearsed) -> Iterator[Verdict]:
    """The policies allow to create, change and delete every resource of the stack. A person may have other rights."""
    graph, root = rehearsed.graph, rehearsed.root
    statements = [s for file in policies(root) for s in parsed(_filled(file, graph))]
    lacking: dict[str, set[str]] = {}
    unknown: set[str] = set()
    for resource in graph.resources if statements else ():
        needed = actions_of(graph, resource)
        if needed is None:
            unknown.add(resource.type)
        denied = {action for action in needed or () if not _allowed(statements, action, resource, graph)}
        if denied:
            lacking.setdefault(resource.type, set()).update(denied)
    for kind, actions in lacking.items():
        listed = sorted(actions)
        message = f"A deploy by the role of {FOLDER} will fail at {kind}: it may not {', '.join(listed)}"
        statement = json.dumps({"Effect": "Allow", "Action": listed, "Resource": "*"})
        fix = f"Add to a policy of {FOLDER}, with narrower resources: {statement}"
        yield Finding("deploy-role-lacks-action", "low", FOLDER, 1, message, fix)
    if unknown:
        yield NotChecked(f"that the role of {FOLDER} may deploy {', '.join(sorted(unknown))}", "AWS lists no actions")


def policies(root: Path) -> list[Path]:
    """The files of the deploy role's policies."""
    return sorted(file for file in (root / FOLDER).glob("*.json") if file.name != TRUST)


def _filled(file: Path, graph: Graph) -> str:
    text = file.read_text(encoding="utf-8").replace("ACCOUNT", graph.account).replace("REGION", graph.region)
    return text.replace("STAGE", graph.stage)


def actions_of(graph: Graph, resource: Resource) -> list[str] | None:
    """The actions with which a resource is created, read, changed and deleted; ``None`` if they are unknown.

    They are those of CloudFormation's handlers, of the resource's own service.
    """
    package, _, rest = resource.type.partition(":")
    path = rest.partition(":")[0]
    if package != "aws":
        return []
    if path in OTHER:
        return list(OTHER[path])
    kind = next((kind for kind in kinds_of(graph.region, resource.type) if "::" in kind), None)
    handlers = schema_of(graph.region, kind).get("handlers", {}) if kind else {}
    if not kind or not handlers:
        return None
    service = kind.split("::")[1]
    prefix = PREFIXES.get(service, service).lower()
    listed = {
        action
        for name in ("create", "read", "update", "delete")
        for action in handlers.get(name, {}).get("permissions", ())
    }
    return sorted(
        action
        for action in listed
        if action.startswith(f"{prefix}:")
        and exists(action)
        and not any(word in action for word in UNUSED.get(path, ()))
    )


def _allowed(statements: list[Statement], action: str, resource: Resource, graph: Graph) -> bool:
    """Whether the role may do it. An action that takes no resource, or another type of it, is asked for any."""
    arn = str(resource.value("arn") or "")
    context = {
        "aws:RequestedRegion": graph.region,
        "aws:ResourceAccount": graph.account,
        "aws:RequestTag/sst:stage": graph.stage,
        "aws:ResourceTag/sst:stage": graph.stage,
        "iam:PassedToService": "lambda.amazonaws.com",
        "iam:PolicyARN": next(iter(resource.texts("managedPolicyArns")), BASIC_EXECUTION),
    }
    if arn and takes_resources(action) and takes(action, arn):
        return allows(statements, action, arn, context)
    return any(s.allow and s.names(action) for s in statements)


def policies_fit_iam(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The policies name existing actions, and each fits into a customer managed policy."""
    for file in policies(rehearsed.root):
        text = _filled(file, rehearsed.graph)
        name = f"{FOLDER}/{file.name}"
        try:
            size = len(json.dumps(json.loads(text), separators=(",", ":")))
        except ValueError:
            yield Finding("deploy-role-policy-refused", "high", name, 1, "It is not JSON.", "Correct the file.")
            continue
        unknown = sorted({action for s in parsed(text) for action in s.actions if not exists(action)})
        if size > LONGEST_MANAGED:
            message = f"IAM will refuse it: it has {size} characters, and a managed policy at most {LONGEST_MANAGED}"
            yield Finding("deploy-role-policy-refused", "high", name, 1, message, "Move statements to another file.")
        if unknown:
            message = f"It names {', '.join(unknown)}, which are no IAM actions"
            yield Finding("deploy-role-policy-refused", "high", name, 1, message, "Correct the names.")


CHECKS = (deploy_role_covers_the_stack, policies_fit_iam)
