"""Sample events for the deployed functions, from their callers in the graph."""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from stack_graph.graph import Graph, Resource

SOME_ID = "00000000-0000-4000-8000-000000000000"
NO_ROUTE = "GET /pre-deploy/no-such-route"


@dataclass(frozen=True)
class Sample:
    """An event, and its source."""

    kind: Literal["route", "no-route", "batch", "other"]
    name: str
    """The route key, or the name of the resource that sends the event."""
    source: Resource | None
    event: dict[str, Any]


def samples(graph: Graph, function: Resource) -> list[Sample]:
    """One event of each kind that the function will receive."""
    routes = [
        Sample("route", str(route.value("routeKey")), route, http_event(str(route.value("routeKey"))))
        for route in routes_to(graph, function)
    ]
    if routes:
        routes.append(Sample("no-route", NO_ROUTE, None, http_event(NO_ROUTE)))
    batches = [
        Sample("batch", mapping.name, mapping, sqs_event(str(mapping.value("eventSourceArn"))))
        for mapping in graph.of_type("aws:lambda/eventSourceMapping:EventSourceMapping")
        if is_function(function, mapping.value("functionName")) and ":sqs:" in str(mapping.value("eventSourceArn"))
    ]
    return routes + batches or [Sample("other", "the bare event", None, {})]


def is_function(function: Resource, named: object) -> bool:
    """Whether a property names the function: by its ARN, by its invoke ARN or by its name."""
    text, arn = str(named), str(function.value("arn"))
    return text in (arn, function.value("name")) or f"/{arn}/" in text or text.startswith(f"{arn}:")


def routes_to(graph: Graph, function: Resource) -> list[Resource]:
    """The routes of HTTP APIs that lead to the function."""
    targets = {
        f"integrations/{integration.data.get('id')}"
        for integration in graph.of_type("aws:apigatewayv2/integration:Integration")
        if is_function(function, integration.value("integrationUri"))
    }
    routes = graph.of_type("aws:apigatewayv2/route:Route")
    return [route for route in routes if str(route.value("target")) in targets]


def http_event(route_key: str) -> dict[str, Any]:
    """A request as an HTTP API sends it, payload format 2.0."""
    method, _, template = route_key.partition(" ") if " " in route_key else ("GET", "", "/pre-deploy/default")
    method = "POST" if method == "ANY" else method
    names = re.findall(r"{(\w+)\+?}", template)
    path = re.sub(r"{\w+\+?}", SOME_ID, template)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "rehearsal.execute-api.us-east-1.amazonaws.com", "content-type": "application/json"},
        "requestContext": {
            "accountId": "111122223333",
            "apiId": "rehearsal",
            "domainName": "rehearsal.execute-api.us-east-1.amazonaws.com",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "pre-deploy",
            },
            "requestId": "rehearsal",
            "routeKey": route_key,
            "stage": "$default",
            "time": "20/Nov/2026:00:00:00 +0000",
            "timeEpoch": 1795132800000,
        },
        "isBase64Encoded": False,
    }
    if names:
        event["pathParameters"] = dict.fromkeys(names, SOME_ID)
    if method in ("POST", "PUT", "PATCH"):
        event["body"] = json.dumps({})
    return event


def sqs_event(queue_arn: str) -> dict[str, Any]:
    """Two messages with an invalid body."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": f"receipt-{number}",
                "body": "an invalid message",
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1795132800000",
                    "SenderId": "rehearsal",
                    "ApproximateFirstReceiveTimestamp": "1795132800000",
                },
                "messageAttributes": {},
                "md5OfBody": "d41d8cd98f00b204e9800998ecf8427e",
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": "us-east-1",
            }
            for number in (1, 2)
        ]
    }
