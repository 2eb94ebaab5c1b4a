"""The adapters of SQS, S3, Parameter Store and Secrets Manager, on moto."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from pipeline.jobs.adapters.queue import SqsDelivery, SqsJobQueue
from pipeline.jobs.adapters.results import S3ResultStore
from pipeline.jobs.domain.job import JobMessage
from pipeline.jobs.errors import ForeignObject
from pipeline.jobs.handlers.sqs_records import job_message_from
from pipeline.models.stage_config_source import ParameterStoreStageConfig
from pipeline.platform.aws import _service_config
from pipeline.platform.database_secrets import DatabasePassword
from pipeline.platform.errors import ConfigurationError, Unavailable

from tests.support.fakes import FakeClock
from tests.support.policy import POLICY

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

NOWHERE = "http://127.0.0.1:9"  # nothing listens on the discard port


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield


def client(service: str, **arguments: Any) -> Any:
    config = _service_config(**({"signature_version": "s3v4"} if service == "s3" else {}))
    return boto3.Session().client(service, config=config, **arguments)  # type: ignore[call-overload]


class TestQueue:
    @pytest.fixture
    def sqs(self) -> "SQSClient":
        made: SQSClient = client("sqs")
        return made

    @pytest.fixture
    def url(self, sqs: "SQSClient") -> str:
        return sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "3600"})["QueueUrl"]

    def test_a_message_contains_only_the_job(self, sqs: "SQSClient", url: str) -> None:
        job_id = uuid4()
        sent = JobMessage.of(job_id, "arn:aws:iam::111122223333:role/Analyst")
        SqsJobQueue(lambda: sqs, url).send(sent)
        message = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"][0]
        assert json.loads(message["Body"]) == {"job_id": str(job_id)}
        assert job_message_from({"body": message["Body"], "attributes": message["Attributes"]}) == sent
        assert "Analyst" not in str(message)

    def test_a_delayed_message_is_not_received_before_its_time(self, sqs: "SQSClient", url: str) -> None:
        SqsJobQueue(lambda: sqs, url).send(JobMessage.of(uuid4(), "a"), 900)
        assert "Messages" not in sqs.receive_message(QueueUrl=url)

    def test_the_backlog_excludes_hidden_and_delayed_messages(self, sqs: "SQSClient", url: str) -> None:
        queue = SqsJobQueue(lambda: sqs, url)
        assert not queue.has_backlog()
        queue.send(JobMessage(uuid4(), None), 900)
        assert not queue.has_backlog()
        queue.send(JobMessage(uuid4(), None))
        assert queue.has_backlog()
        sqs.receive_message(QueueUrl=url)
        assert not queue.has_backlog()

    def test_a_message_that_is_no_longer_hidden_is_delivered_again(self, sqs: "SQSClient", url: str) -> None:
        SqsJobQueue(lambda: sqs, url).send(JobMessage(uuid4(), None))
        message = sqs.receive_message(QueueUrl=url)["Messages"][0]
        SqsDelivery(sqs, url, message["ReceiptHandle"]).hide(0)
        assert sqs.receive_message(QueueUrl=url)["Messages"][0]["MessageId"] == message["MessageId"]

    def test_a_failure_to_hide_a_message_is_ignored(self, sqs: "SQSClient", url: str) -> None:
        SqsDelivery(sqs, url, "no-such-handle").hide(10)

    def test_a_missing_queue_is_unavailable(self, sqs: "SQSClient", url: str) -> None:
        queue = SqsJobQueue(lambda: sqs, url + "-gone")
        with pytest.raises(Unavailable):
            queue.send(JobMessage(uuid4(), None))
        with pytest.raises(Unavailable):
            queue.ping()

    @pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"job_id": 1}', '{"job_id": "x"}'])
    def test_an_unrecognized_message_is_an_error(self, body: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - any text: the message goes to the dead-letter queue
            job_message_from({"body": body, "attributes": {}})


class TestResults:
    @pytest.fixture
    def s3(self) -> "S3Client":
        made: S3Client = client("s3")
        made.create_bucket(Bucket="results")
        return made

    def test_each_attempt_has_its_own_object(self, s3: "S3Client") -> None:
        store, job_id = S3ResultStore(lambda: s3, "results", POLICY.api.result_url_s), uuid4()
        keys = [store.put(job_id, attempt, b'{"a": %d}' % attempt) for attempt in (1, 2)]
        assert [s3.get_object(Bucket="results", Key=key)["Body"].read() for key in keys] == [b'{"a": 1}', b'{"a": 2}']
        assert s3.get_object(Bucket="results", Key=keys[0])["ContentType"] == "application/json"

    def test_an_object_is_never_overwritten(self, s3: "S3Client") -> None:
        store, job_id = S3ResultStore(lambda: s3, "results", POLICY.api.result_url_s), uuid4()
        key = store.put(job_id, 1, b"first")
        assert store.put(job_id, 1, b"first") == key  # the answer to the first try was lost
        assert len(s3.list_objects_v2(Bucket="results")["Contents"]) == 1

    @pytest.mark.parametrize("foreign", [b"forged", b"SECOND", b""])
    def test_a_foreign_object_is_not_taken_for_the_result(self, s3: "S3Client", foreign: bytes) -> None:
        store, job_id = S3ResultStore(lambda: s3, "results", POLICY.api.result_url_s), uuid4()
        s3.put_object(Bucket="results", Key=f"results/{job_id}/1.json", Body=foreign)
        with pytest.raises(ForeignObject):
            store.put(job_id, 1, b"second")
        assert store.put(job_id, 2, b"second") == f"results/{job_id}/2.json"

    def test_a_link_expires_after_five_minutes(self, s3: "S3Client") -> None:
        url = S3ResultStore(lambda: s3, "results", POLICY.api.result_url_s).url("results/1.json")
        assert "X-Amz-Expires=300" in url
        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url

    def test_a_missing_bucket_is_unavailable(self, s3: "S3Client") -> None:
        with pytest.raises(Unavailable):
            S3ResultStore(lambda: s3, "gone", POLICY.api.result_url_s).put(uuid4(), 1, b"{}")


class TestConfiguration:
    @pytest.fixture
    def ssm(self) -> "SSMClient":
        made: SSMClient = client("ssm")
        return made

    def put(self, ssm: "SSMClient", config: str = "{}", rules: str = "{}") -> None:
        for name, value in (("/p/s/config", config), ("/p/s/business-rules", rules)):
            ssm.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)

    def configuration(self, ssm: Any, clock: FakeClock | None = None) -> ParameterStoreStageConfig:
        time = clock or FakeClock()
        return ParameterStoreStageConfig(
            lambda: ssm, "/p/s/config", "/p/s/business-rules", POLICY.stage_config_cache_s, lambda: time().timestamp()
        )

    def test_the_configuration_is_cached_for_five_minutes(self, ssm: "SSMClient") -> None:
        clock = FakeClock()
        self.put(ssm, '{"llm": {"model": "fast"}}', '{"mood": {"a": 1}}')
        configuration = self.configuration(ssm, clock)
        stage, rules = configuration.current()
        assert (stage.llm.model, stage.llm.max_tokens, rules) == ("fast", 4000, {"mood": {"a": 1}})
        self.put(ssm, '{"llm": {"model": "powerful"}}')
        clock.forward(POLICY.stage_config_cache_s - 1)
        assert configuration.current().config.llm.model == "fast"
        clock.forward(1)
        assert configuration.current().config.llm.model == "powerful"

    def test_the_cached_configuration_is_used_during_an_outage(self, ssm: "SSMClient") -> None:
        clock = FakeClock()
        self.put(ssm, '{"llm": {"model": "fast"}}')
        clients = [ssm, client("ssm", endpoint_url=NOWHERE)]
        configuration = ParameterStoreStageConfig(
            lambda: clients[0],
            "/p/s/config",
            "/p/s/business-rules",
            POLICY.stage_config_cache_s,
            lambda: clock().timestamp(),
        )
        assert configuration.current().config.llm.model == "fast"
        clients.reverse()
        clock.forward(POLICY.stage_config_cache_s)
        assert configuration.current().config.llm.model == "fast"

    def test_the_cached_configuration_is_used_while_the_new_one_is_invalid(self, ssm: "SSMClient") -> None:
        clock = FakeClock()
        self.put(ssm, '{"llm": {"model": "fast"}}')
        configuration = self.configuration(ssm, clock)
        configuration.current()
        self.put(ssm, '{"llm": {"modle": "powerful"}}')
        clock.forward(POLICY.stage_config_cache_s)
        assert configuration.current().config.llm.model == "fast"

    def test_an_outage_before_the_first_read_is_unavailable(self) -> None:
        unreachable = boto3.Session().client(
            "ssm", endpoint_url=NOWHERE, config=Config(retries={"total_max_attempts": 1}, connect_timeout=1)
        )
        with pytest.raises(Unavailable):
            self.configuration(unreachable).current()

    @pytest.mark.parametrize(
        ("config", "rules"),
        [
            ("{", "{}"),
            ('{"llm": {"modle": "fast"}}', "{}"),
            ('{"llm": {"model": "none-such"}}', "{}"),
            ('{"llm": {"model": "us.anthropic.claude-3-haiku-20240307-v1:0"}}', "{}"),
            ('{"llm": {"temperature": 2}}', "{}"),
            ('{"llm": {"guardrail": {"identifier": "no-such", "version": "1"}}}', "{}"),
            ("{}", "[]"),
            ("{}", '{"mood": 1}'),
        ],
    )
    def test_an_invalid_value_is_a_configuration_error(self, ssm: "SSMClient", config: str, rules: str) -> None:
        self.put(ssm, config, rules)
        with pytest.raises(ConfigurationError, match="/p/s/"):
            self.configuration(ssm).current()

    def test_the_error_names_the_missing_parameters(self, ssm: "SSMClient") -> None:
        with pytest.raises(ConfigurationError, match="/p/s/config, /p/s/business-rules"):
            self.configuration(ssm).current()

    def test_a_stage_can_add_and_change_models_without_a_deploy(self, ssm: "SSMClient") -> None:
        self.put(ssm)
        shipped = self.configuration(ssm).current().config.catalogue.find("haiku")
        changed = {**shipped.model_dump(mode="json", by_alias=True), "context_tokens": 7}
        added = {**changed, "id": "eu.anthropic.claude-next"}
        self.put(ssm, json.dumps({"models": [changed, added], "aliases": {"next": added["id"]}}))
        catalogue = self.configuration(ssm).current().config.catalogue
        assert catalogue.find("haiku").context_tokens == 7
        assert catalogue.find("next").id == added["id"]


SECRET = '{{"username": "u", "password": "{}"}}'


class TestDatabasePassword:
    @pytest.fixture
    def secrets(self) -> "SecretsManagerClient":
        made: SecretsManagerClient = client("secretsmanager")
        return made

    def test_the_last_password_is_tried_first_and_then_the_current_ones(self, secrets: "SecretsManagerClient") -> None:
        arn = secrets.create_secret(Name="db", SecretString=SECRET.format("first"))["ARN"]
        passwords = DatabasePassword(lambda: secrets, arn)
        assert next(passwords()) == "first"
        assert list(passwords()) == ["first"]
        secrets.put_secret_value(SecretId=arn, SecretString=SECRET.format("next"), VersionStages=["AWSPENDING"])
        assert list(passwords()) == ["first", "next"]
        assert next(passwords()) == "next"

    def test_labels_that_move_while_passwords_are_tried_are_read_again(self, secrets: "SecretsManagerClient") -> None:
        arn = secrets.create_secret(Name="db", SecretString=SECRET.format("first"))["ARN"]
        tried = DatabasePassword(lambda: secrets, arn)()
        assert next(tried) == "first"
        secrets.put_secret_value(SecretId=arn, SecretString=SECRET.format("second"))
        assert list(tried) == ["second"]

    @pytest.mark.parametrize("value", ["plain", "{}", "[]"])
    def test_the_error_for_an_invalid_secret_does_not_contain_its_value(
        self, secrets: "SecretsManagerClient", value: str
    ) -> None:
        arn = secrets.create_secret(Name="db", SecretString=value)["ARN"]
        with pytest.raises(ConfigurationError) as error:
            list(DatabasePassword(lambda: secrets, arn)())
        assert "plain" not in str(error.value)

    def test_a_missing_secret_is_unavailable(self, secrets: "SecretsManagerClient") -> None:
        with pytest.raises(Unavailable):
            list(DatabasePassword(lambda: secrets, "arn:aws:secretsmanager:us-east-1:111122223333:secret:gone")())
