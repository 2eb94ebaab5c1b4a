"""The job queue on Amazon SQS. A message carries the job's id and nothing else."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.jobs.domain.job import JobMessage
from pipeline.platform.aws import translate_aws_errors
from pipeline.platform.observability import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageRequestTypeDef


class SqsJobQueue:
    """``jobs.ports.JobQueue``."""

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
        with translate_aws_errors("queue"):
            self._client().send_message(**request)

    def has_backlog(self) -> bool:
        with translate_aws_errors("queue"):
            answer = self._client().get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
            )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"]) > 0

    def ping(self) -> None:
        with translate_aws_errors("queue"):
            self._client().get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])


class SqsDelivery:
    """``jobs.ports.Delivery``: one received message."""

    def __init__(self, client: "SQSClient", url: str, receipt_handle: str) -> None:
        self._client = client
        self._url = url
        self._receipt_handle = receipt_handle

    def hide(self, seconds: int) -> None:
        # Not worth failing the job: at worst the message reappears early, and finds the job claimed, or late.
        try:
            self._client.change_message_visibility(
                QueueUrl=self._url, ReceiptHandle=self._receipt_handle, VisibilityTimeout=seconds
            )
        except (ClientError, BotoCoreError) as exc:
            log.warning("visibility not changed", error_type=type(exc).__name__)
