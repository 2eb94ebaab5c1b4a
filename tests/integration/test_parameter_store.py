"""Parameters that are stored encrypted, on moto."""

import json
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws
from pipeline.models.stage_config_source import ParameterStoreStageConfig


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def test_an_encrypted_parameter_is_read_decrypted() -> None:
    ssm = boto3.client("ssm", region_name="us-east-1")
    values = {"/p/config": {"llm": {"model": "fast"}}, "/p/rules": {"mood": {"a": 1}}}
    for name, value in values.items():
        ssm.put_parameter(Name=name, Value=json.dumps(value), Type="SecureString")
    config, rules = ParameterStoreStageConfig(lambda: ssm, "/p/config", "/p/rules", 300).current()
    assert (config.llm.model, rules) == ("fast", values["/p/rules"])
