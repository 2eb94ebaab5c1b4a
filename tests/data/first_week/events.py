"""A handler for events of S3, SQS, SNS and EventBridge."""

import os
from typing import Any

import boto3

TABLE = os.environ.get("TABLE", "")


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    for record in event.get("Records", []):
        boto3.client("dynamodb").put_item(TableName=TABLE, Item={"id": {"S": str(record)}})
    return {"batchItemFailures": []}
