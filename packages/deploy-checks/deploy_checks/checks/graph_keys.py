"""Keys of KMS: those who read and write what a key encrypts may use it, and AWS's own keys are not used by services."""

from collections.abc import Iterator

from stack_graph.graph import Graph, Rehearsed, Resource
from stack_graph.iam import Statement, allows, role_of, statements_of
from stack_graph.keys import key_of
from stack_graph.lambdas import BUCKET, FUNCTION, QUEUE, label

from deploy_checks.checks.graph_alarm_topics import TOPIC
from deploy_checks.finding import Finding, finding_at

ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"
AWS_OWN = ("alias/aws/sqs", "alias/aws/sns")

NEEDS = {
    BUCKET: (("s3:GetObject", "kms:Decrypt"), ("s3:PutObject", "kms:GenerateDataKey")),
    QUEUE: (("sqs:ReceiveMessage", "kms:Decrypt"), ("sqs:SendMessage", "kms:GenerateDataKey")),
    TOPIC: (("sns:Publish", "kms:GenerateDataKey"),),
}
"""The action on the key that an action on the resource needs
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html and SQS's and SNS's key management)."""


def keys_are_granted(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A function that may read or write what a key of the stack encrypts may use the key."""
    graph = rehearsed.graph
    for resource, key in _encrypted(graph):
        for function in graph.of_type(FUNCTION):
            role = role_of(graph, function)
            statements = statements_of(graph, role) if role else []
            for action, on_key in NEEDS[resource.type]:
                granted = any(allows(statements, action, arn) for arn in _arns(resource, statements))
                if granted and not allows(statements, on_key, str(key.value("arn"))):
                    yield finding_at(
                        function,
                        "key-not-granted",
                        "critical",
                        f"{label(graph, function)} may {action} on {resource.name}, whose key it may not use: "
                        f"AccessDeniedException: is not authorized to perform: {on_key}",
                        f'Give it {{ actions: ["{on_key}"], resources: [key.arn] }}, for {key.name}.',
                    )


def _arns(resource: Resource, statements: list[Statement]) -> Iterator[str]:
    """The ARN of a queue or topic; of a bucket, an object under each prefix that the statements name."""
    arn = str(resource.value("arn"))
    if resource.type != BUCKET:
        yield arn
        return
    patterns = {pattern for statement in statements for pattern in statement.resources}
    yield from (pattern.replace("*", "any") for pattern in patterns if pattern.startswith(f"{arn}/"))


def _encrypted(graph: Graph) -> Iterator[tuple[Resource, Resource]]:
    """The buckets, queues and topics that a key of the stack encrypts, with the key."""
    for kind in (QUEUE, TOPIC):
        for resource in graph.of_type(kind):
            if key := key_of(graph, resource.value("kmsMasterKeyId")):
                yield resource, key
    buckets = {bucket.value("bucket"): bucket for bucket in graph.of_type(BUCKET)}
    for setting in graph.of_type(ENCRYPTION):
        bucket = buckets.get(setting.value("bucket"))
        for rule in setting.parts("rules"):
            default = rule.part("applyServerSideEncryptionByDefault")
            if bucket and (key := key_of(graph, default.value("kmsMasterKeyId"))):
                yield bucket, key


def notifications_are_delivered(rehearsed: Rehearsed) -> Iterator[Finding]:
    """S3 may use the key of each queue and topic that a bucket notifies."""
    graph = rehearsed.graph
    for notification in graph.of_type(NOTIFICATION):
        named = [one.value("queueArn") for one in notification.parts("queues")]
        named += [one.value("topicArn") for one in notification.parts("topics")]
        for arn in named:
            target = graph.with_output("arn", arn)
            if target and target.value("kmsMasterKeyId") in AWS_OWN:
                yield finding_at(
                    notification,
                    "destination-key-refuses",
                    "high",
                    "The deploy will fail: InvalidArgument: Unable to validate the following destination "
                    f"configurations: S3 may not use the key of {target.name}",
                    f"Use the service's own encryption for {target.name}, or a key of the stack whose policy "
                    "allows kms:Decrypt and kms:GenerateDataKey to s3.amazonaws.com.",
                )


CHECKS = (keys_are_granted, notifications_are_delivered)
