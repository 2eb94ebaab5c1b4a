"""Results in Amazon S3: one object for each attempt, written once."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from botocore.exceptions import ClientError

from pipeline.jobs.errors import ForeignObject
from pipeline.platform.aws import error_code, translate_aws_errors

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3ResultStore:
    """``jobs.ports.ResultStore``."""

    def __init__(self, client: "Callable[[], S3Client]", bucket: str, url_s: int) -> None:
        self._client = client
        self._bucket = bucket
        self._url_s = url_s

    def put(self, job_id: UUID, attempt: int, content: bytes) -> str:
        key = f"results/{job_id}/{attempt}.json"
        with translate_aws_errors("storage"):
            try:
                self._client().put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=content,
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
            except ClientError as exc:
                if error_code(exc) != "PreconditionFailed":
                    raise
                # Only this attempt writes this key: its first try succeeded, and S3's answer was lost.
                if not self._contains(key, content):
                    raise ForeignObject(key) from exc
        return key

    def _contains(self, key: str, content: bytes) -> bool:
        found = self._client().get_object(Bucket=self._bucket, Key=key)
        return found["ContentLength"] == len(content) and found["Body"].read() == content

    def url(self, key: str) -> str:
        with translate_aws_errors("storage"):
            return self._client().generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=self._url_s
            )
