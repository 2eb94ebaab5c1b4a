"""The moto process: the behaviour we rely on, and the behaviour we correct."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from local_stack.cloud import plan, process
from local_stack.processes import Children
from local_stack.running import aws_client, until

DEAD = "arn:aws:sqs:eu-west-1:111122223333:dead"
PLAN = plan.CloudPlan(
    region="eu-west-1",
    queues=[
        plan.PlannedQueue(name="dead", attributes={}),
        plan.PlannedQueue(
            name="jobs",
            attributes={
                "VisibilityTimeout": "1",
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": DEAD, "maxReceiveCount": 2}),
            },
        ),
    ],
    buckets=["the-bucket"],
    parameters=[plan.PlannedParameter(name="/a/b", type="SecureString", value="wired")],
    secrets=[
        plan.PlannedSecret(
            name="s/t", arn="arn:aws:secretsmanager:eu-west-1:111122223333:secret:s/t-abc123", value="wired"
        )
    ],
)


@contextmanager
def cloud(state_dir: Path | None = None, planned: plan.CloudPlan = PLAN) -> Iterator[Callable[[str], Any]]:
    with asyncio.Runner() as runner, socket.create_server(("127.0.0.1", 0)) as listener:
        children = Children()
        runner.run(process.start(children, planned, listener, state_dir, None))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield lambda service: aws_client(service, url)
        finally:
            runner.run(children.stop_all(5))


@pytest.fixture(scope="module")
def client() -> Iterator[Callable[[str], Any]]:
    with cloud() as made:
        yield made


@pytest.fixture
def sqs(client: Callable[[str], Any]) -> Any:
    return client("sqs")


@pytest.fixture
def queue(sqs: Any, request: pytest.FixtureRequest) -> str:
    """Of this test alone, with the attributes of the one in the plan."""
    attributes = next(queue.attributes for queue in PLAN.queues if queue.name == "jobs")
    name = "q" + request.node.name[-70:]
    url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    return url


def receive(sqs: Any, url: str, wait: int = 2) -> dict[str, Any]:
    messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=wait, MessageSystemAttributeNames=["All"])
    found: dict[str, Any] = messages["Messages"][0]
    return found


def test_the_planned_resources_are_there(client: Callable[[str], Any]) -> None:
    secret = client("secretsmanager").get_secret_value(SecretId=PLAN.secrets[0].arn)
    assert (secret["ARN"], secret["SecretString"]) == (PLAN.secrets[0].arn, "wired")
    parameter = client("ssm").get_parameter(Name="/a/b", WithDecryption=True)["Parameter"]
    assert (parameter["Value"], parameter["Type"]) == ("wired", "SecureString")
    assert [bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]] == ["the-bucket"]
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
    assert url.endswith("/111122223333/jobs")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "1"
    assert '"maxReceiveCount": 2' in attributes["RedrivePolicy"]


def test_a_stale_receipt_handle_deletes_nothing(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    stale = receive(sqs, queue)["ReceiptHandle"]
    current = receive(sqs, queue)["ReceiptHandle"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=stale)
    assert _count(sqs, queue) == 1
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=current)
    assert _count(sqs, queue) == 0


def test_a_message_wakes_a_waiting_receiver_immediately(sqs: Any, queue: str) -> None:
    took: list[float] = []

    def wait() -> None:
        receive(sqs, queue, wait=10)
        took.append(time.monotonic())

    receiver = threading.Thread(target=wait)
    receiver.start()
    sent = time.monotonic()
    sqs.send_message(QueueUrl=queue, MessageBody="x")
    receiver.join()
    assert took[0] - sent < 0.5


def test_receivers_at_the_same_moment_share_the_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, to hold the first receiver where a second one would find the message still visible."""
    from local_stack.cloud import backends, sqs_fixes
    from moto.sqs.models import Message

    mark_received = Message.mark_received

    def slowly(message: Message, visibility_timeout: int | None = None) -> None:
        time.sleep(0.05)
        mark_received(message, visibility_timeout)

    monkeypatch.setattr(Message, "mark_received", slowly)
    sqs = backends.Backends(PLAN).sqs
    sqs.create_queue("shared", tags=None)
    for body in ("a", "b"):
        sqs.send_message("shared", body)
    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(lambda _: sqs_fixes._receive(sqs, "shared", 1, 0, 60), range(4)))
    assert sorted(message.body for messages in taken for message in messages) == ["a", "b"]


def test_a_message_goes_to_the_dead_letter_queue_after_its_receives(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="bad")
    assert [receive(sqs, queue)["Attributes"]["ApproximateReceiveCount"] for _ in range(2)] == ["1", "2"]
    dead = sqs.get_queue_url(QueueName="dead")["QueueUrl"]

    def moved() -> bool:
        assert "Messages" not in sqs.receive_message(QueueUrl=queue)
        return _count(sqs, dead) == 1

    until(moved)
    moved_message = receive(sqs, dead)
    source = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert (moved_message["Body"], moved_message["Attributes"]["DeadLetterQueueSourceArn"]) == ("bad", source)
    sqs.delete_message(QueueUrl=dead, ReceiptHandle=moved_message["ReceiptHandle"])
    sqs.send_message(QueueUrl=dead, MessageBody="by hand")
    assert "DeadLetterQueueSourceArn" not in receive(sqs, dead)["Attributes"]


def test_what_is_kept_in_the_state_directory(tmp_path: Path) -> None:
    with cloud(tmp_path) as client:
        s3, sqs = client("s3"), client("sqs")
        url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
        s3.put_object(Bucket="the-bucket", Key="deep/ä key", Body=b"1\n2", ContentType="a/b", Metadata={"k": "v"})
        s3.put_object(Bucket="the-bucket", Key="gone", Body=b"x")
        s3.delete_object(Bucket="the-bucket", Key="gone")
        before = s3.head_object(Bucket="the-bucket", Key="deep/ä key")
        attribute = {"n": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
        sqs.send_message(QueueUrl=url, MessageBody="tried", MessageAttributes=attribute)
        tried = receive(sqs, url)
        sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=tried["ReceiptHandle"], VisibilityTimeout=0)
        sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=600)
        sqs.send_message(QueueUrl=url, MessageBody="deleted", DelaySeconds=0)
        deleted = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        sqs.delete_message(
            QueueUrl=url,
            ReceiptHandle=next(message["ReceiptHandle"] for message in deleted if message["Body"] == "deleted"),
        )
        client("secretsmanager").put_secret_value(SecretId="s/t", SecretString="rotated")
        client("ssm").put_parameter(Name="/a/b", Value="changed", Overwrite=True)
    with cloud(tmp_path) as client:
        s3, sqs = client("s3"), client("sqs")
        url = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
        after = s3.get_object(Bucket="the-bucket", Key="deep/ä key")
        assert after["Body"].read() == b"1\n2"
        assert after["ContentType"] == "a/b"
        assert after["Metadata"] == {"k": "v"}
        assert (after["ETag"], after["LastModified"]) == (before["ETag"], before["LastModified"])
        assert [item["Key"] for item in s3.list_objects_v2(Bucket="the-bucket")["Contents"]] == ["deep/ä key"]
        # Received twice before: the third receive would be one too many, so it is in the dead-letter queue.
        dead_url = sqs.get_queue_url(QueueName="dead")["QueueUrl"]

        def dead_letter() -> Any:
            """Counted once it is visible again and a receiver has asked for it."""
            assert "Messages" not in sqs.receive_message(QueueUrl=url)
            return sqs.receive_message(QueueUrl=dead_url, MessageAttributeNames=["All"]).get("Messages")

        dead = until(dead_letter)[0]
        assert _count(sqs, url, "Delayed") == 1
        assert (dead["Body"], dead["MessageAttributes"]["n"]["BinaryValue"]) == ("tried", b"\x00\xff")
        assert client("secretsmanager").get_secret_value(SecretId="s/t")["SecretString"] == "rotated"
        assert client("ssm").get_parameter(Name="/a/b", WithDecryption=True)["Parameter"]["Value"] == "changed"
    # A value that has changed in the wiring since wins, as it would in a deploy.
    rewired = PLAN.model_copy(
        update={"parameters": [plan.PlannedParameter(name="/a/b", type="SecureString", value="new")]}
    )
    with cloud(tmp_path, rewired) as client:
        assert client("ssm").get_parameter(Name="/a/b", WithDecryption=True)["Parameter"]["Value"] == "new"


def test_state_is_written_while_it_runs(tmp_path: Path) -> None:
    with cloud(tmp_path) as client:
        client("s3").put_object(Bucket="the-bucket", Key="k", Body=b"unmistakable")
        (file,) = until(lambda: [*tmp_path.glob("s3/the-bucket/" + "?" * 40)], 3)
        assert b"unmistakable" in file.read_bytes()
        client("s3").delete_object(Bucket="the-bucket", Key="k")
        until(lambda: not file.exists(), 3)


def test_a_deleted_queue_is_an_error_as_on_aws(sqs: Any, queue: str) -> None:
    sqs.delete_queue(QueueUrl=queue)
    with pytest.raises(ClientError, match="NonExistentQueue"):
        sqs.send_message(QueueUrl=queue, MessageBody="x")


def _count(sqs: Any, url: str, suffix: str | None = None) -> int:
    suffixes = [suffix] if suffix else ["", "Delayed", "NotVisible"]
    names = [f"ApproximateNumberOfMessages{part}" for part in suffixes]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)
