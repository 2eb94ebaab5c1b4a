"""After the run: everything that was left behind, from where it is kept."""

import contextlib
import json
import re
from collections import Counter
from typing import Any

from chaos_harness.history import Event, Job, LedgerRow, Refused, Spend, StoredObject
from chaos_harness.stack import Stack

_EVENTS = """
SELECT id, CAST(job_id AS text), CAST(extract(epoch FROM at) AS float8), event, CAST(from_status AS text),
       CAST(to_status AS text), attempt, reason FROM job_events ORDER BY id
"""
_JOBS = """
SELECT CAST(id AS text), tenant_id, idempotency_key, CAST(metadata->>'number' AS integer), CAST(status AS text),
       attempt, deferrals, result_key, result_bytes, error_code FROM jobs
"""
_LEDGER = """
SELECT CAST(owner_id AS text), attempt, CAST(extract(epoch FROM started_at) AS float8), outcome, tenant_id,
       CAST(day AS text), reserved_usd, cost_usd FROM model_calls ORDER BY started_at
"""
_SPEND = "SELECT CAST(day AS text), tenant_id, usd FROM daily_spend"
_LOG_LINE = re.compile(r"^\S+ \| (\{.*\})$")


def events(stack: Stack) -> list[Event]:
    """In order."""
    fields = list(Event.model_fields)
    return [Event(**dict(zip(fields, row, strict=True))) for row in stack.rows(_EVENTS)]


def jobs(stack: Stack) -> list[Job]:
    """All there are."""
    fields = list(Job.model_fields)
    return [Job(**dict(zip(fields, row, strict=True))) for row in stack.rows(_JOBS)]


def ledger(stack: Stack) -> list[LedgerRow]:
    """In the order in which the calls began."""
    fields = list(LedgerRow.model_fields)
    return [LedgerRow(**dict(zip(fields, row, strict=True))) for row in stack.rows(_LEDGER)]


def spend(stack: Stack) -> list[Spend]:
    """Of every day and tenant."""
    fields = list(Spend.model_fields)
    return [Spend(**dict(zip(fields, row, strict=True))) for row in stack.rows(_SPEND)]


def objects(stack: Stack) -> list[StoredObject]:
    """Of all buckets."""
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
    """The bodies of what is in a dead-letter queue."""
    sqs = stack.client("sqs")
    bodies: list[str] = []
    for url in sqs.list_queues().get("QueueUrls", []):
        if "DeadLetter" in url:
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
                bodies += [message["Body"] for message in messages]
    return bodies


def log_lines(stack: Stack) -> list[dict[str, Any]]:
    """What the functions said: lines of JSON behind the function's name."""
    found = []
    with stack.log_file.open(errors="replace") as lines:
        for line in lines:
            if match := _LOG_LINE.match(line.rstrip("\n")):
                with contextlib.suppress(ValueError):  # a process that was killed in the middle of a line
                    found.append(json.loads(match.group(1)))
    return found


def late_refused(lines: list[dict[str, Any]]) -> list[Refused]:
    """The fence at work."""
    return [
        Refused(job_id=line["job_id"], attempt=line.get("attempt", 0))
        for line in lines
        if line.get("message") == "late result refused"
    ]


def jobs_of(lines: list[dict[str, Any]], message: str) -> list[str]:
    """The jobs of all lines with the message."""
    return [line["job_id"] for line in lines if line.get("message") == message]
