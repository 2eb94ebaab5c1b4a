"""Collects the history after a run: from the database, S3, the dead-letter queues and the log."""

import contextlib
import json
import re
from collections import Counter
from typing import Any

from chaos_harness.history import Record, Refused, StoredObject
from chaos_harness.stack import Stack

_LOG_LINE = re.compile(r"^\S+ \| (\{.*\})$")


def rows[R: Record](stack: Stack, query: str, record: type[R]) -> list[R]:
    """The rows of a query of the product. Its columns are the fields of the record, in their order."""
    return [record(**dict(zip(record.model_fields, row, strict=True))) for row in stack.rows(query)]


def objects(stack: Stack) -> list[StoredObject]:
    """The objects of all buckets."""
    s3 = stack.client("s3")
    sizes: dict[str, int] = {}
    versions: Counter[str] = Counter()
    for bucket in s3.list_buckets()["Buckets"]:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"]):
            for version in page.get("Versions", []):
                versions[version["Key"]] += 1
                if version["IsLatest"]:
                    sizes[version["Key"]] = version["Size"]
    return [StoredObject(key=key, size=sizes.get(key, -1), versions=count) for key, count in versions.items()]


def dead_letters(stack: Stack) -> list[str]:
    """The bodies of the messages in all dead-letter queues."""
    sqs = stack.client("sqs")
    bodies: list[str] = []
    for url in sqs.list_queues().get("QueueUrls", []):
        if "DeadLetter" in url:
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                bodies += [message["Body"] for message in messages]
    return bodies


def log_lines(stack: Stack) -> list[dict[str, Any]]:
    """The log lines of the functions: JSON after the name of the function."""
    found = []
    with stack.log_file.open(errors="replace") as lines:
        for line in lines:
            if match := _LOG_LINE.match(line.rstrip("\n")):
                with contextlib.suppress(ValueError):  # a killed process leaves an incomplete line
                    found.append(json.loads(match.group(1)))
    return found


def late_refused(lines: list[dict[str, Any]], message: str) -> list[Refused]:
    """The refusals of late results, from the lines with the message."""
    return [
        Refused(job_id=line["job_id"], attempt=line.get("attempt", 0))
        for line in lines
        if line.get("message") == message
    ]


def jobs_of(lines: list[dict[str, Any]], message: str) -> list[str]:
    """The jobs of all lines with the message."""
    return [line["job_id"] for line in lines if line.get("message") == message]
