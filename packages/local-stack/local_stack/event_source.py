"""An event source mapping: poll a queue, invoke the function with batches, delete what succeeded.

What failed is left alone: it comes back when its visibility timeout ends, and SQS moves it to the dead-letter
queue after enough receives.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_stack import batch_response, output, sqs_event
from local_stack.resources import EventSourceMapping
from local_stack.runtime.invocation import InvocationResult

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        DeleteMessageBatchRequestEntryTypeDef,
        MessageTypeDef,
    )

LONG_POLL_SECONDS = 2  # a message ends it at once; this only sets how often an idle poller asks again
RECEIVE_LIMIT = 10  # SQS's own limit for one call
AFTER_ERROR_SECONDS = 1.0


@dataclass(frozen=True)
class Source:
    queue_url: str
    queue_arn: str
    region: str


class EventSource:
    def __init__(
        self,
        mapping: EventSourceMapping,
        source: Source,
        concurrency: int,
        invoke: Callable[[bytes], Awaitable[InvocationResult]],
        client: "SQSClient",
    ) -> None:
        scaling = mapping.scaling_config
        self._mapping = mapping
        self._source = source
        self._invoke = invoke
        self._client = client
        self._slots = asyncio.Semaphore(min(concurrency, scaling.maximum_concurrency) if scaling else concurrency)
        # One thread polls and one deletes: a long poll must not hold up a deletion.
        self._polling = ThreadPoolExecutor(1, thread_name_prefix="poll")
        self._deleting = ThreadPoolExecutor(1, thread_name_prefix="delete")
        self._batches: dict[asyncio.Task[None], list[MessageTypeDef]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """At once. A batch under way is cut off, as by the end of an execution environment.

        Its messages are put back: on AWS a poller outlives a deploy, here a restart would not see them for as long as
        the queue's visibility timeout.
        """
        cut_off = [message for messages in self._batches.values() for message in messages]
        for task in [*self._batches, *([self._task] if self._task else [])]:
            task.cancel()
        self._polling.shutdown(wait=False, cancel_futures=True)
        if cut_off:
            await asyncio.get_running_loop().run_in_executor(self._deleting, self._put_back, cut_off)
        self._deleting.shutdown(wait=False, cancel_futures=True)

    async def _poll(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._slots.acquire()
            messages: list[MessageTypeDef] = []
            try:
                messages = await loop.run_in_executor(self._polling, self._collect)
            except Exception as exc:  # noqa: BLE001 - a poller reports any error and continues
                output.write_line(f"event source {self._source.queue_arn}: {exc}")
                await asyncio.sleep(AFTER_ERROR_SECONDS)
            if not messages:
                self._slots.release()
                continue
            batch = asyncio.create_task(self._process(messages))
            self._batches[batch] = messages
            batch.add_done_callback(self._batches.pop)

    def _collect(self) -> "list[MessageTypeDef]":
        """The batching window starts with the first message."""
        count = self._mapping.batch_size
        messages = self._receive(count, LONG_POLL_SECONDS)
        end = time.monotonic() + self._mapping.maximum_batching_window_in_seconds
        while messages and len(messages) < count and (left := end - time.monotonic()) > 0:
            more = self._receive(count - len(messages), min(1, int(left)))
            messages += more
            if not more and left < 1:
                time.sleep(min(left, 0.1))
        return messages

    def _receive(self, count: int, wait_seconds: int) -> "list[MessageTypeDef]":
        answer = self._client.receive_message(
            QueueUrl=self._source.queue_url,
            MaxNumberOfMessages=min(count, RECEIVE_LIMIT),
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    async def _process(self, messages: "list[MessageTypeDef]") -> None:
        try:
            event = sqs_event.build(messages, self._source.queue_arn, self._source.region)
            result = await self._invoke(json.dumps(event).encode())
            failed = batch_response.failed_ids(
                result,
                [message["MessageId"] for message in messages],
                reports_items="ReportBatchItemFailures" in self._mapping.function_response_types,
            )
            if result.function_error:
                output.write_line(f"event source: {result.payload.decode(errors='replace')[:1000]}")
            done = [message for message in messages if message["MessageId"] not in failed]
        finally:
            self._slots.release()
        if done:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._deleting, self._delete, done)

    def _put_back(self, messages: "list[MessageTypeDef]") -> None:
        for start in range(0, len(messages), RECEIVE_LIMIT):
            entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for index, message in enumerate(messages[start : start + RECEIVE_LIMIT])
            ]
            with contextlib.suppress(Exception):  # the queue may be gone: then there is nothing to put back into
                self._client.change_message_visibility_batch(QueueUrl=self._source.queue_url, Entries=entries)

    def _delete(self, messages: "list[MessageTypeDef]") -> None:
        for start in range(0, len(messages), RECEIVE_LIMIT):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]}
                for index, message in enumerate(messages[start : start + RECEIVE_LIMIT])
            ]
            answer = self._client.delete_message_batch(QueueUrl=self._source.queue_url, Entries=entries)
            for failure in answer.get("Failed", []):
                output.write_line(f"event source: cannot delete a message: {failure}")
