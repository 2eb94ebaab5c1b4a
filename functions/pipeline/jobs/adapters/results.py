"""Results in Amazon S3: one object for each attempt, written once."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from botocore.exceptions import ClientError

from pipeline.jobs.errors import ForeignObject
from pipeline.platform.aws import error_code, translate_aws_errors
from pipeline.platform.errors import Unavailable
from pipeline.platform.observability import log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


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

    def delete(self, job_id: UUID) -> None:
        with translate_aws_errors("storage"):
            pages = self._client().get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=self._bucket, Prefix=f"results/{job_id}/"):
                found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                self._delete([{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found])

    def _delete(self, versions: "list[ObjectIdentifierTypeDef]") -> None:
        if not versions:  # S3 refuses an empty list
            return
        answer = self._client().delete_objects(Bucket=self._bucket, Delete={"Objects": versions, "Quiet": True})
        if refused := answer.get("Errors"):
            log.warning("objects not deleted", reason=refused[0].get("Code"))
            raise Unavailable("storage")

    def url(self, key: str) -> str:
        with translate_aws_errors("storage"):
            return self._client().generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=self._url_s
            )
