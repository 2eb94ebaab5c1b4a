"""The AWS clients: one session, each client built on first use, every wait bounded by the policy."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.platform import policy
from pipeline.platform.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient


def _service_config(**options: Any) -> Config:
    calls = policy.current().aws
    return Config(
        connect_timeout=calls.connect_timeout_s,
        read_timeout=calls.read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": calls.max_attempts},
        **options,
    )


def _model_config() -> Config:
    calls = policy.current().model
    return Config(
        connect_timeout=calls.connect_timeout_s,
        read_timeout=calls.read_timeout_s,
        retries={"total_max_attempts": 1},
        tcp_keepalive=True,
    )


@cache
def _session() -> boto3.Session:
    return boto3.Session()


@cache
def sqs() -> "SQSClient":
    """Amazon SQS."""
    return _session().client("sqs", config=_service_config())


@cache
def s3() -> "S3Client":
    """Amazon S3."""
    return _session().client(
        "s3", config=_service_config(signature_version="s3v4")
    )  # the default signs links the old way


@cache
def ssm() -> "SSMClient":
    """Parameter Store."""
    return _session().client("ssm", config=_service_config())


@cache
def secrets_manager() -> "SecretsManagerClient":
    """Secrets Manager."""
    return _session().client("secretsmanager", config=_service_config())


@cache
def bedrock_runtime() -> "BedrockRuntimeClient":
    """Bedrock's runtime."""
    return _session().client("bedrock-runtime", config=_model_config())


@contextmanager
def translate_aws_errors(dependency: str) -> Iterator[None]:
    """Raise Unavailable for every error of AWS in the block: the dependency does not answer, or refuses the call."""
    try:
        yield
    except (ClientError, BotoCoreError) as exc:
        raise Unavailable(dependency) from exc


def error_code(exc: ClientError) -> str:
    """AWS's name of the error, such as ``ThrottlingException``."""
    error: dict[str, Any] = dict(exc.response.get("Error", {}))
    return str(error.get("Code", ""))
