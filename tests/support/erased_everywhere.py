"""Searches a running stack for a text that was erased: every column of every table, every version of every object."""

from typing import Any

TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind IN ('r', 'm', 'p')
  AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
"""


def tables_with(pipeline: Any, text: str) -> list[str]:
    """The tables that have the text in any column, verbatim or as hexadecimal bytes."""
    pattern = f"%{text}%"
    hexadecimal = f"%{text.encode().hex()}%"
    found = "SELECT count(*) FROM {} t WHERE t::text LIKE :pattern OR t::text LIKE :hexadecimal"
    names = [name for (name,) in pipeline.rows(TABLES)]
    return [name for name in names if pipeline.rows(found.format(name), pattern=pattern, hexadecimal=hexadecimal)[0][0]]


def versions_with(s3: Any, bucket: str, text: str) -> list[str]:
    """The keys of all versions of objects, under any prefix, that have the text."""
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
    versions = [version for page in pages for version in page.get("Versions", ())]
    return [
        one["Key"]
        for one in versions
        if text.encode() in s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
    ]


def messages_with(sqs: Any, text: str) -> list[str]:
    """The URLs of the queues that have a message with the text."""
    found = []
    for url in sqs.list_queues().get("QueueUrls", ()):
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, AttributeNames=["All"])
        if text in str(answer.get("Messages")):
            found.append(url)
    return found
