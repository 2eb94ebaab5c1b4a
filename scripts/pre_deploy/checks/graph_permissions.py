"""Roles: everything that a function's code can call is allowed, and little else."""

from collections.abc import Iterator

from pre_deploy.finding import Finding
from pre_deploy.graph import Rehearsed, Resource
from pre_deploy.handler_calls import Call
from pre_deploy.iam import LOGS, allows, role_of, statements_of
from pre_deploy.lambdas import EVENT_SOURCE, FUNCTION, TARGETS, arns, calls, function_of, label, targets

ACTIONS = {
    "Converse": ["bedrock:InvokeModel"],
    "ConverseStream": ["bedrock:InvokeModelWithResponseStream"],
    "HeadObject": ["s3:GetObject"],
    "CopyObject": ["s3:GetObject", "s3:PutObject"],
    "CreateMultipartUpload": ["s3:PutObject"],
    "UploadPart": ["s3:PutObject"],
    "DeleteObjects": ["s3:DeleteObject"],
    "ListObjects": ["s3:ListBucket"],
    "ListObjectsV2": ["s3:ListBucket"],
    "HeadBucket": ["s3:ListBucket"],
    "SendMessageBatch": ["sqs:SendMessage"],
    "DeleteMessageBatch": ["sqs:DeleteMessage"],
    "ChangeMessageVisibilityBatch": ["sqs:ChangeMessageVisibility"],
    "Invoke": ["lambda:InvokeFunction"],
}
"""The operations that are not authorised under their own names."""

PREFIXES = {"bedrock-runtime": "bedrock", "stepfunctions": "states", "sesv2": "ses"}
"""IAM's names of services, where botocore has others."""

ALWAYS_ALLOWED = {"sts"}

QUEUE_CONSUMER = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
ATTACH = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def actions_of(call: Call) -> list[str]:
    """The IAM actions that an operation needs."""
    prefix = PREFIXES.get(call.service, call.service)
    return ACTIONS.get(call.operation, [f"{prefix}:{call.operation}"])


def denied(name: str, function: Resource, action: str, arn: str, why: str) -> Finding:
    """The finding for a call that the role does not allow."""
    return function.finding(
        "role-lacks-action",
        "critical",
        f"{name} will be refused: AccessDeniedException: is not authorized to perform: {action} on resource: {arn} "
        f"({why})",
        f'Give {name} {{ actions: ["{action}"], resources: [...] }} that covers {arn}.',
    )


def code_is_allowed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every call of a handler, on every resource that its environment names, is allowed by its role."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        role, name = role_of(graph, function), label(graph, function)
        if role is None:
            continue  # made elsewhere: not ours to judge
        statements = statements_of(graph, role)
        told = set()
        for call in calls(rehearsed.root, function):
            found = targets(graph, function, call.service)
            if call.service in TARGETS and not found:
                yield _without_target(name, function, call)
            for action in actions_of(call) if call.service not in {*TARGETS, *ALWAYS_ALLOWED} else ():
                if (action, "") not in told and not any(s.allow and s.names(action) for s in statements):
                    told.add((action, ""))
                    yield denied(name, function, action, "any", f"{call.operation} in {call.file}:{call.line}")
            for target, action in ((target, action) for target in found for action in actions_of(call)):
                for arn in arns(rehearsed.root, function, call, target):
                    if not allows(statements, action, arn) and (action, arn) not in told:
                        told.add((action, arn))
                        yield denied(name, function, action, arn, f"{call.operation} in {call.file}:{call.line}")
                key = str(target.value("kmsMasterKeyId") or target.value("kmsKeyId") or target.value("keyId") or "")
                if key.startswith("arn:") and not allows(statements, "kms:Decrypt", key):
                    yield denied(name, function, "kms:Decrypt", key, f"{target.name} is encrypted with it")


def _without_target(name: str, function: Resource, call: Call) -> Finding:
    what = TARGETS[call.service][0]
    return function.finding(
        "call-without-target",
        "critical",
        f"{name} calls {call.operation} ({call.file}:{call.line}), and no variable of its environment names {what} "
        "of this stack: the call will fail",
        f"Pass the name of {what} in the function's environment, as an output of the resource.",
    )


def service_is_allowed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """What Lambda itself does as the role: poll the queue, write traces, attach to the VPC."""
    graph = rehearsed.graph
    needed: list[tuple[Resource, str, str, str]] = []
    for source in graph.of_type(EVENT_SOURCE):
        function, arn = function_of(graph, source.value("functionName")), str(source.value("eventSourceArn"))
        if function and ":sqs:" in arn:
            needed += [(function, f"sqs:{action}", arn, "SQS") for action in QUEUE_CONSUMER]
    for function in graph.of_type(FUNCTION):
        if function.value("vpcConfig"):
            needed += [(function, action, "*", "EC2") for action in ATTACH]
        if (function.value("tracingConfig") or {}).get("mode") == "Active":
            needed.append((function, "xray:PutTraceSegments", "*", "XRAY"))
    for function, action, arn, service in needed:
        role, name = role_of(graph, function), label(graph, function)
        if role and not allows(statements_of(graph, role), action, arn):
            yield function.finding(
                "execution-role-lacks-action",
                "high",
                "The deploy will fail: InvalidParameterValueException: The provided execution role does not have "
                f"permissions to call {action.partition(':')[2]} on {service} ({name})",
                f'Add {{ actions: ["{action}"], resources: ["{arn}"] }} to the permissions of {name}.',
            )


def logs_are_allowed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Without it a function runs, and nobody sees what it says."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        group = graph.with_output("name", (function.value("loggingConfig") or {}).get("logGroup"), LOG_GROUP)
        role, name = role_of(graph, function), label(graph, function)
        arn = f"{group.value('arn')}:log-stream:any" if group else "*"
        if role and not all(allows(statements_of(graph, role), action, arn) for action in LOGS[1:]):
            yield function.finding(
                "role-cannot-log",
                "medium",
                f"{name} will run without a log: its role may not logs:PutLogEvents on {arn}",
                "Attach the managed policy AWSLambdaBasicExecutionRole, which sst.aws.Function does by itself.",
            )


CHECKS = (code_is_allowed, service_is_allowed, logs_are_allowed)
