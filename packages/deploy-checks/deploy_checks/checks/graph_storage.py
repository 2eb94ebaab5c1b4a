"""Buckets and queues: closed, encrypted, and not to be emptied by accident."""

from collections.abc import Iterator
from typing import Any

from stack_graph.graph import Graph, Rehearsed, Resource, Values
from stack_graph.iam import document
from stack_graph.lambdas import BUCKETS, QUEUE

from deploy_checks.finding import Finding, Severity, finding_at

PERMANENT = "production"
"""The stage whose data nobody may lose; staging may be removed and made anew."""


def severity(graph: Graph) -> Severity:
    """Of what is bad manners in development and a fault elsewhere."""
    return "medium" if graph.development else "high"


def buckets_are_closed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No public access, encryption, versions, and TLS alone."""
    graph = rehearsed.graph
    for bucket in (resource for kind in BUCKETS for resource in graph.of_type(kind)):
        for rule, what, fix in _open_ends(graph, bucket):
            message = f"{bucket.name} of {graph.stage} {what}"
            yield finding_at(bucket, rule, "critical" if rule == "public-bucket" else severity(graph), message, fix)
        if graph.stage == PERMANENT and bucket.value("forceDestroy"):
            yield finding_at(
                bucket,
                "bucket-can-be-emptied",
                "high",
                f"Whatever removes {bucket.name} deletes all results with it",
                "Set forceDestroy: false.",
            )


def _open_ends(graph: Graph, bucket: Resource) -> Iterator[tuple[str, str, str]]:
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    block = _of(graph, bucket, "bucketPublicAccessBlock:BucketPublicAccessBlock")
    if not any(all(one.value(flag) for flag in flags) for one in block):
        yield "bucket-without-public-access-block", "can be made public by a policy or an ACL", "Block all four kinds."
    if not (_of(graph, bucket, "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")):
        fix = "Add a BucketServerSideEncryptionConfiguration."
        yield "bucket-without-encryption", "does not say how objects are encrypted", fix
    versions = _of(graph, bucket, "bucketVersioning:BucketVersioning")
    if not any(one.part("versioningConfiguration").value("status") == "Enabled" for one in versions):
        yield "bucket-without-versions", "keeps nothing of what is overwritten or deleted", "Set versioning: true."
    rules = [
        rule
        for one in _of(graph, bucket, "bucketLifecycleConfiguration:BucketLifecycleConfiguration")
        for rule in one.parts("rules")
        if rule.value("status") == "Enabled"
    ]
    if not any(rule.part("expiration").data.keys() & {"days", "date"} for rule in rules):
        fix = "Add a BucketLifecycleConfiguration."
        yield "bucket-without-lifecycle", "keeps and bills every object and every version for ever", fix
    statements = [
        s for policy in _of(graph, bucket, "bucketPolicy:BucketPolicy") for s in document(policy.raw("policy"))
    ]
    if not any(_denies_plain(statement) for statement in statements):
        yield "bucket-without-tls", "answers requests without TLS", "Deny s3:* where aws:SecureTransport is false."
    if any(_is_for_all(statement) for statement in statements):
        yield "public-bucket", "lets anybody in by its policy", "Name the principals, or leave the statement out."


def _of(graph: Graph, bucket: Resource, kind: str) -> list[Resource]:
    name = bucket.value("bucket")
    return [one for one in graph.of_type(f"aws:s3/{kind}") if one.value("bucket") in {name, bucket.id}]


def _denies_plain(statement: dict[str, Any]) -> bool:
    secure = Values(statement).part("Condition").part("Bool").texts("aws:SecureTransport")
    return statement.get("Effect") == "Deny" and [value.lower() for value in secure] == ["false"]


def _is_for_all(statement: dict[str, Any]) -> bool:
    everybody = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    return statement.get("Effect") == "Allow" and everybody and not statement.get("Condition")


def queues_are_closed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Encrypted, and not everybody's."""
    graph = rehearsed.graph
    for queue in graph.of_type(QUEUE):
        if queue.value("sqsManagedSseEnabled") is not True and not queue.value("kmsMasterKeyId"):
            yield finding_at(
                queue,
                "unencrypted-queue",
                severity(graph),
                f"Nothing says that {queue.name} encrypts its messages",
                "Set sqsManagedSseEnabled: true.",
            )
    policies = graph.of_type("aws:sqs/queuePolicy:QueuePolicy")
    secure = {p.value("queueUrl") for p in policies if any(map(_denies_plain, document(p.raw("policy"))))}
    for queue in graph.of_type(QUEUE):
        if queue.value("url") not in secure:
            yield finding_at(
                queue,
                "queue-without-tls",
                severity(graph),
                f"{queue.name} answers requests without TLS",
                "Add a QueuePolicy that denies sqs:* where aws:SecureTransport is false.",
            )
    for policy in policies:
        if any(_is_for_all(statement) for statement in document(policy.raw("policy"))):
            yield finding_at(
                policy, "public-queue", "critical", f"{policy.name} lets anybody use the queue", "Name the principals."
            )


CHECKS = (buckets_are_closed, queues_are_closed)
