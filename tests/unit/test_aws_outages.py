"""An AWS service that does not answer or refuses a call: every adapter names the dependency."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pipeline.jobs.adapters.queue import SqsJobQueue
from pipeline.jobs.adapters.results import S3ResultStore
from pipeline.jobs.domain.job import JobMessage
from pipeline.models.stage_config_source import ParameterStoreStageConfig
from pipeline.platform.credentials import Credentials
from pipeline.platform.database_secrets import SecretsManagerVersions
from pipeline.platform.errors import Unavailable

CREDENTIALS = Credentials(username="api", password="example")
MESSAGE = JobMessage(UUID(int=1), None)


class Client:
    """An AWS client whose calls fail, or return an answer. Records their arguments."""

    def __init__(self, outcome: Exception | dict[str, Any]) -> None:
        self._outcome = outcome
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        def call(*_: object, **arguments: Any) -> dict[str, Any]:
            self.calls.append((operation, arguments))
            if isinstance(self._outcome, Exception):
                raise self._outcome
            return self._outcome

        return call


def queue(client: Any) -> SqsJobQueue:
    return SqsJobQueue(lambda: client, "url")


def results(client: Any) -> S3ResultStore:
    return S3ResultStore(lambda: client, "bucket", 300)


def secrets(client: Any) -> SecretsManagerVersions:
    return SecretsManagerVersions(lambda: client)


OPERATIONS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "send": ("queue", lambda client: queue(client).send(MESSAGE)),
    "backlog": ("queue", lambda client: queue(client).has_backlog()),
    "ping": ("queue", lambda client: queue(client).ping()),
    "put": ("storage", lambda client: results(client).put(UUID(int=1), 1, b"{}")),
    "link": ("storage", lambda client: results(client).url("key")),
    "parameters": (
        "configuration",
        lambda client: ParameterStoreStageConfig(lambda: client, "config", "rules", 300).current(),
    ),
    "secret": ("secret", lambda client: secrets(client).read("arn", "AWSCURRENT")),
    "labels": ("secret", lambda client: secrets(client).labels("arn")),
    "pending": ("secret", lambda client: secrets(client).add_pending("arn", "v", CREDENTIALS)),
    "current": ("secret", lambda client: secrets(client).make_current("arn", "v2", "v1")),
}


@pytest.mark.parametrize(
    "error",
    [ClientError({"Error": {"Code": "AccessDenied"}}, "Any"), EndpointConnectionError(endpoint_url="x")],
    ids=["refused", "unreachable"],
)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_service_that_is_down_is_named(name: str, error: Exception) -> None:
    dependency, run = OPERATIONS[name]
    client = Client(error)
    with pytest.raises(Unavailable) as down:
        run(client)
    assert (down.value.dependency, down.value.__cause__) == (dependency, error)
    assert len(client.calls) == 1


def test_the_health_check_reads_an_attribute_of_the_queue() -> None:
    client = Client({"Attributes": {}})
    queue(client).ping()
    assert client.calls == [("get_queue_attributes", {"QueueUrl": "url", "AttributeNames": ["QueueArn"]})]


def test_a_result_is_written_once_as_json() -> None:
    client = Client({})
    key = results(client).put(UUID(int=1), 2, b"{}")
    written = {"Bucket": "bucket", "Key": key, "Body": b"{}", "ContentType": "application/json", "IfNoneMatch": "*"}
    assert client.calls == [("put_object", written)]


def test_a_message_without_a_group_is_sent_without_one() -> None:
    client = Client({})
    queue(client).send(MESSAGE, 7)
    ((_, sent),) = client.calls
    assert (sent["QueueUrl"], sent["DelaySeconds"]) == ("url", 7)
    assert "MessageGroupId" not in sent


def test_the_steps_of_a_rotation_change_the_labels_that_secrets_manager_expects() -> None:
    client = Client({})
    secrets(client).add_pending("arn", "v2", CREDENTIALS)
    secrets(client).make_current("arn", "v2", "v1")
    assert client.calls == [
        (
            "put_secret_value",
            {
                "SecretId": "arn",
                "ClientRequestToken": "v2",
                "SecretString": '{"username":"api","password":"example"}',
                "VersionStages": ["AWSPENDING"],
            },
        ),
        (
            "update_secret_version_stage",
            {
                "SecretId": "arn",
                "VersionStage": "AWSCURRENT",
                "MoveToVersionId": "v2",
                "RemoveFromVersionId": "v1",
            },
        ),
    ]
