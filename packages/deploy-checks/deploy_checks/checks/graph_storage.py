"""Buckets and queues: private, encrypted, and protected against deletion by accident."""

from collections.abc import Iterator
from typing import Any

from stack_graph.graph import Graph, Rehearsed, Resource, Values
from stack_graph.iam import document
from stack_graph.lambdas import BUCKETS, QUEUE

from deploy_checks.finding import Finding, Severity, finding_at
from deploy_checks.rules import Rule

PERMANENT = "production"
"""The stage whose data must not be lost. Other stages may be removed and deployed again."""


def severity(graph: Graph) -> Severity:
    """The severity of a problem that is acceptable only in development."""
    return "medium" if graph.development else "high"


def buckets_are_closed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every bucket blocks public access, is encrypted, has versions and a lifecycle, and requires TLS."""
    graph = rehearsed.graph
    for bucket in (resource for kind in BUCKETS for resource in graph.of_type(kind)):
        for rule, problem, fix in _problems(graph, bucket):
            message = f"{bucket.name} of {graph.stage} {problem}"
            yield finding_at(bucket, rule, "critical" if rule == "public-bucket" else "low", message, fix)
        if graph.stage == PERMANENT and bucket.value("forceDestroy"):
            yield finding_at(
                bucket,
                "bucket-can-be-emptied",
                "high",
                f"Removing {bucket.name} deletes all results",
                "Set forceDestroy: false.",
            )


def _problems(graph: Graph, bucket: Resource) -> Iterator[tuple[Rule, str, str]]:
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    block = _of(graph, bucket, "bucketPublicAccessBlock:BucketPublicAccessBlock")
    if not any(all(one.value(flag) for flag in flags) for one in block):
        yield "bucket-without-public-access-block", "can be made public by a policy or an ACL", "Block all four kinds."
    if not (_of(graph, bucket, "bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration")):
        fix = "Add a BucketServerSideEncryptionConfiguration."
        yield "bucket-without-encryption", "has no encryption setting", fix
    versions = _of(graph, bucket, "bucketVersioning:BucketVersioning")
    if not any(one.part("versioningConfiguration").value("status") == "Enabled" for one in versions):
        yield "bucket-without-versions", "does not keep overwritten or deleted objects", "Set versioning: true."
    rules = [
        rule
        for one in _of(graph, bucket, "bucketLifecycleConfiguration:BucketLifecycleConfiguration")
        for rule in one.parts("rules")
        if rule.value("status") == "Enabled"
    ]
    if not any(rule.part("expiration").data.keys() & {"days", "date"} for rule in rules):
        fix = "Add a BucketLifecycleConfiguration."
        yield "bucket-without-lifecycle", "keeps and bills every object and version without end", fix
    statements = [
        s for policy in _of(graph, bucket, "bucketPolicy:BucketPolicy") for s in document(policy.raw("policy"))
    ]
    if not any(_denies_plain(statement) for statement in statements):
        yield "bucket-without-tls", "answers requests without TLS", "Deny s3:* where aws:SecureTransport is false."
    if any(_is_for_all(statement) for statement in statements):
        yield (
            "public-bucket",
            "grants access to everyone in its policy",
            "Name the principals, or remove the statement.",
        )


def _of(graph: Graph, bucket: Resource, kind: str) -> list[Resource]:
    name = bucket.value("bucket")
    return [one for one in graph.of_type(f"aws:s3/{kind}") if one.value("bucket") in {name, bucket.id}]


def _denies_plain(statement: dict[str, Any]) -> bool:
    secure = Values(statement).part("Condition").part("Bool").texts("aws:SecureTransport")
    return statement.get("Effect") == "Deny" and [value.lower() for value in secure] == ["false"]


def _is_for_all(statement: dict[str, Any]) -> bool:
    everyone = statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
    return statement.get("Effect") == "Allow" and everyone and not statement.get("Condition")


def queues_are_closed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every queue is encrypted, requires TLS, and has no policy for everyone."""
    graph = rehearsed.graph
    for queue in graph.of_type(QUEUE):
        if queue.value("sqsManagedSseEnabled") is not True and not queue.value("kmsMasterKeyId"):
            yield finding_at(
                queue,
                "unencrypted-queue",
                "low",
                f"{queue.name} has no setting that encrypts its messages",
                "Set sqsManagedSseEnabled: true.",
            )
    policies = graph.of_type("aws:sqs/queuePolicy:QueuePolicy")
    secure = {p.value("queueUrl") for p in policies if any(map(_denies_plain, document(p.raw("policy"))))}
    for queue in graph.of_type(QUEUE):
        if queue.value("url") not in secure:
            yield finding_at(
                queue,
                "queue-without-tls",
                "low",
                f"{queue.name} answers requests without TLS",
                "Add a QueuePolicy that denies sqs:* where aws:SecureTransport is false.",
            )
    for policy in policies:
        if any(_is_for_all(statement) for statement in document(policy.raw("policy"))):
            yield finding_at(
                policy, "public-queue", "critical", f"{policy.name} lets everyone use the queue", "Name the principals."
            )


CHECKS = (buckets_are_closed, queues_are_closed)
