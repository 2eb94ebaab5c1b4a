"""Roles allow every call that a function's code can make."""

from collections.abc import Iterator

from stack_graph.graph import Rehearsed, Resource
from stack_graph.handler_calls import Call
from stack_graph.iam import LOGS, allows, role_of, statements_of
from stack_graph.lambdas import EVENT_SOURCE, FUNCTION, TARGETS, arns, calls, function_of, label, targets, variables
from stack_graph.program import modules_of, place_of, written

from deploy_checks.finding import Finding, finding_at

ACTIONS = {
    "Converse": ["bedrock:InvokeModel"],
    "ConverseStream": ["bedrock:InvokeModelWithResponseStream"],
    "HeadObject": ["s3:GetObject"],
    "CopyObject": ["s3:GetObject", "s3:PutObject"],
    "CreateMultipartUpload": ["s3:PutObject"],
    "UploadPart": ["s3:PutObject"],
    "DeleteObjects": ["s3:DeleteObjectVersion"],  # the pipeline deletes versions by their ids
    "ListObjectVersions": ["s3:ListBucketVersions"],
    "ListObjects": ["s3:ListBucket"],
    "ListObjectsV2": ["s3:ListBucket"],
    "HeadBucket": ["s3:ListBucket"],
    "SendMessageBatch": ["sqs:SendMessage"],
    "DeleteMessageBatch": ["sqs:DeleteMessage"],
    "ChangeMessageVisibilityBatch": ["sqs:ChangeMessageVisibility"],
    "Invoke": ["lambda:InvokeFunction"],
}
"""Operations whose IAM actions have other names."""

PREFIXES = {"bedrock-runtime": "bedrock", "stepfunctions": "states", "sesv2": "ses"}
"""IAM's names of services, if botocore's differ."""

ALWAYS_ALLOWED = {"sts"}

QUEUE_CONSUMER = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
ATTACH = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


def actions_of(call: Call) -> list[str]:
    """The IAM actions that an operation needs."""
    prefix = PREFIXES.get(call.service, call.service)
    return ACTIONS.get(call.operation, [f"{prefix}:{call.operation}"])


def denied(rehearsed: Rehearsed, function: Resource, action: str, arn: str, why: str) -> Finding:
    """The finding for a call that the role does not allow, at the role's other statements about the service."""
    name, service = label(rehearsed.graph, function), action.partition(":")[0]
    place = _other_grants(rehearsed, function, service) or _shared_grants(rehearsed, action)
    return Finding(
        "role-lacks-action",
        "critical",
        *(place or (function.file, function.line)),
        f"{name} will be refused: AccessDeniedException: is not authorized to perform: {action} on resource: {arn} "
        f"({why})",
        f'Give {name} {{ actions: ["{action}"], resources: [...] }} that covers {arn}.',
    )


def _other_grants(rehearsed: Rehearsed, function: Resource, service: str) -> tuple[str, int] | None:
    """The place of the role's existing permissions for the service."""
    role = role_of(rehearsed.graph, function)
    statements = statements_of(rehearsed.graph, role) if role else []
    granted = {action for s in statements if s.allow for action in s.actions}
    some = any(action.startswith(f"{service}:") for action in granted)
    return written(rehearsed, function, rf"""["']{service}:""") if some else None


def _shared_grants(rehearsed: Rehearsed, action: str) -> tuple[str, int] | None:
    """The place of permissions that several functions share, if all callers of the action lack it."""
    graph, root = rehearsed.graph, rehearsed.root
    callers = [f for f in graph.of_type(FUNCTION) if any(action in actions_of(call) for call in calls(root, f))]
    roles = [role for function in callers if (role := role_of(graph, function))]
    if len(roles) < 2 or any(s.names(action) for role in roles for s in statements_of(graph, role)):
        return None
    shared = set.intersection(*({*modules_of(root / f.file)} for f in callers))
    for file in (file for file in modules_of(root / callers[0].file) if file in shared):  # the nearest
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if "actions:" in line:
                return str(file.relative_to(root)), number
    return None


def code_is_allowed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A role allows every call of its handler, on every resource that the environment names."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        role = role_of(graph, function)
        if role is None:
            continue  # created outside of the stack: its policies are unknown
        statements = statements_of(graph, role)
        reported = set()
        for call in calls(rehearsed.root, function):
            found = targets(graph, function, call.service)
            if call.service in TARGETS and not found:
                yield _without_target(rehearsed, function, call)
            for action in actions_of(call) if call.service not in {*TARGETS, *ALWAYS_ALLOWED} else ():
                if (action, "") not in reported and not any(s.allow and s.names(action) for s in statements):
                    reported.add((action, ""))
                    yield denied(rehearsed, function, action, "any", f"{call.operation} in {call.file}:{call.line}")
            for target, action in ((target, action) for target in found for action in actions_of(call)):
                for arn in arns(rehearsed.root, function, call, target):
                    if not allows(statements, action, arn) and (action, arn) not in reported:
                        reported.add((action, arn))
                        yield denied(rehearsed, function, action, arn, f"{call.operation} in {call.file}:{call.line}")
                key = str(target.value("kmsMasterKeyId") or target.value("kmsKeyId") or target.value("keyId") or "")
                if key.startswith("arn:") and not allows(statements, "kms:Decrypt", key):
                    yield denied(rehearsed, function, "kms:Decrypt", key, f"{target.name} is encrypted with it")


def _without_target(rehearsed: Rehearsed, function: Resource, call: Call) -> Finding:
    target = TARGETS[call.service][0]
    noun = target.rpartition(" ")[2].upper()
    named = next((name for name in variables(function) if noun in name), None)
    place = place_of(rehearsed, function, named) if named else (function.file, function.line)
    return Finding(
        "call-without-target",
        "critical",
        *place,
        f"{label(rehearsed.graph, function)} calls {call.operation} ({call.file}:{call.line}), and no variable of its "
        f"environment names {target} of this stack: the call will fail",
        f"Pass the name of {target} in the function's environment, as an output of the resource.",
    )


def service_is_allowed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A role allows Lambda's calls: polling the queue, writing traces, attaching to the VPC."""
    graph = rehearsed.graph
    needed: list[tuple[Resource, str, str, str]] = []
    for source in graph.of_type(EVENT_SOURCE):
        function, arn = function_of(graph, source.value("functionName")), str(source.value("eventSourceArn"))
        if function and ":sqs:" in arn:
            needed += [(function, f"sqs:{action}", arn, "SQS") for action in QUEUE_CONSUMER]
    for function in graph.of_type(FUNCTION):
        if function.part("vpcConfig").data:
            needed += [(function, action, "*", "EC2") for action in ATTACH]
        if function.part("tracingConfig").value("mode") == "Active":
            needed.append((function, "xray:PutTraceSegments", "*", "XRAY"))
    for function, action, arn, service in needed:
        role, name = role_of(graph, function), label(graph, function)
        if role and not allows(statements_of(graph, role), action, arn):
            yield finding_at(
                function,
                "execution-role-lacks-action",
                "high",
                "The deploy will fail: InvalidParameterValueException: The provided execution role does not have "
                f"permissions to call {action.partition(':')[2]} on {service} ({name})",
                f'Add {{ actions: ["{action}"], resources: ["{arn}"] }} to the permissions of {name}.',
            )


def logs_are_allowed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A role allows writing logs: without them, errors leave no trace."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        group = graph.with_output("name", function.part("loggingConfig").value("logGroup"), LOG_GROUP)
        role, name = role_of(graph, function), label(graph, function)
        arn = f"{group.value('arn')}:log-stream:any" if group else "*"
        if role and not all(allows(statements_of(graph, role), action, arn) for action in LOGS[1:]):
            yield finding_at(
                function,
                "role-cannot-log",
                "medium",
                f"{name} will run without a log: its role may not logs:PutLogEvents on {arn}",
                "Attach the managed policy AWSLambdaBasicExecutionRole, as sst.aws.Function does.",
            )


CHECKS = (code_is_allowed, service_is_allowed, logs_are_allowed)
