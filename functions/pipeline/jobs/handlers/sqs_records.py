"""The messages in SQS records, as Lambda delivers them."""

import hashlib
import json
from contextlib import suppress
from typing import Any
from uuid import UUID

from pipeline.jobs.domain.dead_letter import DeadLetter
from pipeline.jobs.domain.job import JobMessage


def job_message_from(record: dict[str, Any]) -> JobMessage:
    """The job message of a record. Raises ValueError if it names no job."""
    body = json.loads(record["body"])
    if not isinstance(body, dict) or not isinstance(body.get("job_id"), str):
        raise ValueError("a message without a job_id")  # noqa: TRY004 - one error for every malformed message
    return JobMessage(UUID(body["job_id"]), record["attributes"].get("MessageGroupId"))


def dead_letter_from(record: dict[str, Any]) -> DeadLetter:
    """The dead letter of a record, whatever its body is.

    Only SQS can set the attribute ``DeadLetterQueueSourceArn``, when it moves a message. Without it the message was
    sent to this queue directly, and is no reason to fail the job that it names.
    """
    body = record["body"].encode()
    job_id = None
    if "DeadLetterQueueSourceArn" in record["attributes"]:
        with suppress(ValueError, RecursionError):  # json raises the latter for deeply nested brackets
            job_id = job_message_from(record).job_id
    return DeadLetter(record["messageId"], job_id, len(body), hashlib.sha256(body).digest())
