"""The job queue on Amazon SQS. A message carries the job's id and nothing else."""

import hashlib
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError

from analysis.adapters.aws import calling
from analysis.domain.dead_letter import DeadLetter
from analysis.domain.job import JobMessage
from analysis.observability import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageRequestTypeDef


class SqsJobQueue:
    """``services.ports.JobQueue``."""

    def __init__(self, client: "Callable[[], SQSClient]", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, message: JobMessage, delay_seconds: int = 0) -> None:
        request: SendMessageRequestTypeDef = {
            "QueueUrl": self._url,
            "MessageBody": json.dumps({"job_id": str(message.job_id)}),
            "DelaySeconds": delay_seconds,
        }
        if message.group is not None:
            request["MessageGroupId"] = message.group
        with calling("queue"):
            self._client().send_message(**request)

    def has_backlog(self) -> bool:
        with calling("queue"):
            answer = self._client().get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"]) > 0

    def ping(self) -> None:
        with calling("queue"):
            self._client().get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])


class SqsDelivery:
    """``services.ports.Delivery``: one received message."""

    def __init__(self, client: "SQSClient", url: str, receipt_handle: str) -> None:
        self._client = client
        self._url = url
        self._receipt_handle = receipt_handle

    def hide(self, seconds: int) -> None:
        # Not worth failing a job for: at worst the message comes back early and finds the job claimed, or late.
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=self._receipt_handle, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as fault:
            log.warning("visibility not changed", error_type=type(fault).__name__)


def message_of(record: dict[str, Any]) -> JobMessage:
    """The message of a record that Lambda hands over. Raises ValueError for one that is not ours."""
    body = json.loads(record["body"])
    if not isinstance(body, dict) or not isinstance(body.get("job_id"), str):
        raise ValueError("a message without a job_id")  # noqa: TRY004 - one error for every bad message
    return JobMessage(UUID(body["job_id"]), record["attributes"].get("MessageGroupId"))


def letter_of(record: dict[str, Any]) -> DeadLetter:
    """The record of a message that nobody could handle, whatever it is."""
    body = record["body"].encode()
    try:
        job_id = message_of(record).job_id
    except (ValueError, RecursionError):  # json gives up a body of many brackets with the latter
        job_id = None
    return DeadLetter(record["messageId"], job_id, len(body), hashlib.sha256(body).digest())
