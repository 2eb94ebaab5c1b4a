"""Corrections of moto's SQS where a difference from the real service would hide a failure.

- DeleteMessage with an outdated receipt handle deletes the message; the real one answers success and
  deletes nothing. A worker that finishes after its visibility timeout must not take the message from the
  worker that has it now.
- ReceiveMessage takes no lock: two receivers at the same moment may both get a message.
- A receiver that waits looks again only once a second for a message whose delay or timeout has ended.
- A message in a dead-letter queue does not show which queue SQS moved it from.

Found in moto 5.2; `tests/test_cloud.py` pins all four.
"""

import threading
import time
from typing import Any, cast

from moto.core.responses import ActionResult
from moto.sqs.models import Message, Queue, SQSBackend
from moto.sqs.responses import SQSResponse

# How soon a waiting receiver sees a message whose delay or visibility timeout ends. New ones wake it at once.
LOOK_AGAIN_SECONDS = 0.2
SOURCE = "DeadLetterQueueSourceArn"

_taking = threading.Lock()
_receive_now = SQSBackend.receive_message
_answer = SQSResponse.receive_message
_delete = Queue.delete_message


def apply() -> None:
    setattr(SQSBackend, "receive_message", _receive)  # noqa: B010 - mypy refuses to assign to a method
    setattr(SQSResponse, "receive_message", _answer_with_source)  # noqa: B010
    setattr(Queue, "delete_message", _delete_current)  # noqa: B010


def _receive(
    backend: SQSBackend,
    queue_name: str,
    count: int,
    wait_seconds_timeout: int,
    visibility_timeout: int,
    message_attribute_names: list[str] | None = None,
) -> list[Message]:
    end = time.monotonic() + wait_seconds_timeout
    queue = backend.get_queue(queue_name)
    while True:
        with _taking:
            before = set(_dead_letters(queue))
            found = _receive_now(backend, queue_name, count, 0, visibility_timeout, message_attribute_names)
            for message in _dead_letters(queue):
                if message not in before and message.approximate_receive_count:  # moved, not sent
                    message.system_attributes[SOURCE] = {"StringValue": queue.queue_arn}
        left = end - time.monotonic()
        if found or left <= 0:
            return found
        _wait(queue, min(left, LOOK_AGAIN_SECONDS))


def _dead_letters(queue: Queue) -> list[Message]:
    return list(queue.dead_letter_queue._messages) if queue.dead_letter_queue else []


def _answer_with_source(response: SQSResponse) -> ActionResult:
    result = _answer(response)
    backend, queue_name = response.sqs_backend, response._get_queue_name()
    names = response._get_param("MessageSystemAttributeNames", [])
    received = {message["MessageId"]: message for message in cast("dict[str, Any]", result.result).get("Messages", [])}
    # Only dead-letter queues, which are short, are searched: a job queue may hold thousands of messages.
    if received and ("All" in names or SOURCE in names) and backend.list_dead_letter_source_queues(queue_name):
        for held in list(backend.get_queue(queue_name)._messages):
            if held.id in received and (source := held.system_attributes.get(SOURCE)):
                received[held.id]["Attributes"][SOURCE] = source["StringValue"]
    return result


def _wait(queue: Any, seconds: float) -> None:  # moto types the timeout as whole seconds
    queue.wait_for_messages(seconds)


def _delete_current(queue: Queue, receipt_handle: str) -> None:
    with _taking:
        for message in queue._messages:
            if message.receipt_handle != receipt_handle and message.had_receipt_handle(receipt_handle):
                return
        _delete(queue, receipt_handle)
