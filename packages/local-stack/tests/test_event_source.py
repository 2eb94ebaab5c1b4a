"""The poller: batches, concurrency and deletions, against a queue in memory."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from local_stack.event_source import EventSource, Source
from local_stack.resources import EventSourceMapping
from local_stack.runtime.invocation import InvocationResult

SOURCE = Source("http://queue", "arn:aws:sqs:eu-west-1:111122223333:jobs", "eu-west-1")


class FakeSqs:
    """Gives each receiver what was put, at most ten at a time."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._messages: list[str] = []
        self.deleted: list[str] = []
        self.put_back: list[str] = []
        self.fail_next_receive = False

    def put(self, *bodies: str) -> None:
        with self._condition:
            self._messages += bodies
            self._condition.notify_all()

    def receive_message(self, **request: Any) -> dict[str, Any]:
        with self._condition:
            if self.fail_next_receive:
                self.fail_next_receive = False
                raise ConnectionError("on purpose")
            self._condition.wait_for(lambda: self._messages, min(request["WaitTimeSeconds"], 0.2))
            count = request["MaxNumberOfMessages"]
            taken, self._messages = self._messages[:count], self._messages[count:]
        return {"Messages": [{"MessageId": b, "ReceiptHandle": b, "Body": b, "MD5OfBody": ""} for b in taken]}

    def change_message_visibility_batch(self, **request: Any) -> dict[str, Any]:
        self.put_back += [entry["ReceiptHandle"] for entry in request["Entries"] if entry["VisibilityTimeout"] == 0]
        return {}

    def delete_message_batch(self, **request: Any) -> dict[str, Any]:
        self.deleted += [entry["ReceiptHandle"] for entry in request["Entries"]]
        return {}


def run(
    mapping: dict[str, Any],
    concurrency: int,
    invoke: Callable[[list[str]], Awaitable[object]],
    scenario: Callable[[FakeSqs], Awaitable[None]],
) -> FakeSqs:
    sqs = FakeSqs()

    async def call(event: bytes) -> InvocationResult:
        answer = await invoke([record["body"] for record in json.loads(event)["Records"]])
        return InvocationResult(json.dumps(answer).encode())

    async def main() -> None:
        inputs = {"eventSourceArn": SOURCE.queue_arn, "functionName": "f", **mapping}
        client: Any = sqs
        source = EventSource(EventSourceMapping.model_validate(inputs), SOURCE, concurrency, call, client)
        source.start()
        async with asyncio.timeout(10):
            await scenario(sqs)
        await source.stop()

    asyncio.run(main())
    return sqs


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0.005)


def test_only_what_succeeded_is_deleted() -> None:
    async def invoke(bodies: list[str]) -> object:
        return {"batchItemFailures": [{"itemIdentifier": body} for body in bodies if body == "bad"]}

    async def scenario(sqs: FakeSqs) -> None:
        sqs.put("good", "bad", "also good")
        await until(lambda: len(sqs.deleted) == 2)

    sqs = run({"functionResponseTypes": ["ReportBatchItemFailures"]}, 1, invoke, scenario)
    assert sqs.deleted == ["good", "also good"]


def test_a_window_gathers_more_than_one_receive_gives() -> None:
    batches: list[list[str]] = []

    async def invoke(bodies: list[str]) -> None:
        batches.append(bodies)

    async def scenario(sqs: FakeSqs) -> None:
        sqs.put(*(str(n) for n in range(12)))
        await until(lambda: len(sqs.deleted) == 12)

    run({"batchSize": 12, "maximumBatchingWindowInSeconds": 5}, 1, invoke, scenario)
    assert [len(batch) for batch in batches] == [12]


def test_no_more_concurrent_batches_than_the_mapping_allows() -> None:
    running = 0
    most = 0
    go_on = asyncio.Event()

    async def invoke(_bodies: list[str]) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go_on.wait()
        running -= 1

    async def scenario(sqs: FakeSqs) -> None:
        sqs.put("1", "2", "3", "4")
        await until(lambda: running == 2)
        await asyncio.sleep(0.05)  # time in which a third would start
        go_on.set()
        await until(lambda: len(sqs.deleted) == 4)

    run({"batchSize": 1, "scalingConfig": {"maximumConcurrency": 2}}, 10, invoke, scenario)
    assert most == 2


def test_the_poller_outlives_an_error_of_the_queue() -> None:
    async def invoke(_bodies: list[str]) -> None:
        return None

    async def scenario(sqs: FakeSqs) -> None:
        sqs.fail_next_receive = True
        await until(lambda: not sqs.fail_next_receive)
        sqs.put("later")
        await until(lambda: sqs.deleted == ["later"])

    run({}, 1, invoke, scenario)


def test_a_stop_puts_back_what_it_cuts_off() -> None:
    taken: list[str] = []

    async def invoke(bodies: list[str]) -> None:
        taken.extend(bodies)
        await asyncio.Event().wait()

    async def scenario(sqs: FakeSqs) -> None:
        sqs.put("1", "2")
        await until(lambda: len(taken) == 2)

    sqs = run({"batchSize": 1}, 2, invoke, scenario)
    assert (sorted(sqs.put_back), sqs.deleted) == (["1", "2"], [])
