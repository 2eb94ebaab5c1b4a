"""Events as API Gateway's HTTP API and SQS send them."""

import json
from typing import Any


def http_event(
    route: str,
    *,
    path: str | None = None,
    body: str | None = None,
    base64_encoded: bool = False,
    headers: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
    authorizer: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A payload-2.0 event for a route key."""
    method, _, template = route.partition(" ")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path or template or "/",
        "rawQueryString": "",
        "headers": {"host": "api.test", **(headers or {})},
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "api",
            "http": {"method": method, "path": path or template, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": "request-1",
            "routeKey": route,
            "stage": "$default",
        },
        "isBase64Encoded": base64_encoded,
    }
    if body is not None:
        event["body"] = body
    if parameters is not None:
        event["pathParameters"] = parameters
    if authorizer is not None:
        event["requestContext"]["authorizer"] = authorizer
    return event


def analyze_event(body: object, **headers: str) -> dict[str, Any]:
    """``POST /analyze`` with a JSON body. A string is sent unchanged."""
    text = body if isinstance(body, str) else json.dumps(body)
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return http_event("POST /analyze", body=text, headers={"content-type": "application/json", **given})


def dead_letter_event(*bodies: str) -> dict[str, Any]:
    """The same for messages that SQS moved to the dead-letter queue."""
    event = sqs_event(*bodies)
    for record in event["Records"]:
        record["attributes"]["DeadLetterQueueSourceArn"] = "arn:aws:sqs:us-east-1:111122223333:jobs"
    return event


def sqs_event(*bodies: str) -> dict[str, Any]:
    """An event with these messages, as the event source mapping sends it."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"handle-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:111122223333:jobs",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }
