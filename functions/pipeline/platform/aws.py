"""The AWS clients: one session, each client built once, every wait bounded. What AWS answers becomes our own errors.

Nothing is retried here that the queue retries anyway; the small calls get one quick second try.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.platform.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

SMALL_CALL = Config(
    # s. With the second try 7 s at most: a request that waits for every service in turn still fits the API's 29 s.
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 2},
)

STORAGE_CALL = SMALL_CALL.merge(Config(signature_version="s3v4"))  # or links would be signed the old way

MODEL_READ_TIMEOUT_S = 120
"""4,000 tokens take a Sonnet-class model about 80 s. Three calls of this length fit the worker's 600 s."""

MODEL_CONNECT_TIMEOUT_S = 5

MODEL_CALL = Config(
    connect_timeout=MODEL_CONNECT_TIMEOUT_S,
    read_timeout=MODEL_READ_TIMEOUT_S,
    # One attempt: a retry inside the SDK would be paid for and never logged. Who waits is the queue.
    retries={"total_max_attempts": 1},
    tcp_keepalive=True,
)


@cache
def _session() -> boto3.Session:
    return boto3.Session()


@cache
def sqs() -> "SQSClient":
    """Amazon SQS."""
    return _session().client("sqs", config=SMALL_CALL)


@cache
def s3() -> "S3Client":
    """Amazon S3."""
    return _session().client("s3", config=STORAGE_CALL)


@cache
def ssm() -> "SSMClient":
    """Parameter Store."""
    return _session().client("ssm", config=SMALL_CALL)


@cache
def secrets_manager() -> "SecretsManagerClient":
    """Secrets Manager."""
    return _session().client("secretsmanager", config=SMALL_CALL)


@cache
def bedrock_runtime() -> "BedrockRuntimeClient":
    """Bedrock's runtime."""
    return _session().client("bedrock-runtime", config=MODEL_CALL)


@contextmanager
def translate_aws_errors(dependency: str) -> Iterator[None]:
    """What goes wrong inside is Unavailable: the dependency does not answer, or refuses us."""
    try:
        yield
    except (ClientError, BotoCoreError) as fault:
        raise Unavailable(dependency) from fault


def error_code(fault: ClientError) -> str:
    """AWS's name for the error."""
    error: dict[str, Any] = dict(fault.response.get("Error", {}))
    return str(error.get("Code", ""))
