"""The event of payload format 2.0, as API Gateway builds it for an HTTP API."""

import base64
import re
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from local_stack.gateway.authorization import Caller
from local_stack.gateway.request import Request
from local_stack.wiring import ACCOUNT_ID

# Everything else is passed in base64, even a form: the content type alone decides.
_TEXT = re.compile(r"text/.*|application/(json|xml|javascript|.*\+json|.*\+xml)", re.IGNORECASE)


@dataclass(frozen=True)
class Received:
    """The values that the gateway adds to a request."""

    request_id: str
    api_id: str
    region: str
    route_key: str
    path_parameters: dict[str, str]
    caller: Caller = field(default_factory=dict)


def build(request: Request, received: Received) -> dict[str, Any]:
    path = unquote(request.raw_path)  # an HTTP API passes it decoded, in spite of the name
    domain = f"{received.api_id}.execute-api.{received.region}.amazonaws.com"
    now = time.time()
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": received.route_key,
        "rawPath": path,
        "rawQueryString": clean(request.query_string),
        "headers": _headers(request),
        "requestContext": {
            "accountId": ACCOUNT_ID,
            "apiId": received.api_id,
            "domainName": domain,
            "domainPrefix": received.api_id,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": clean(request.header("user-agent")),
            },
            "requestId": received.request_id,
            "routeKey": received.route_key,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    cookies = [clean(value.strip()) for value in request.header("cookie").split(";") if value.strip()]
    if cookies:
        event["cookies"] = cookies
    if query := _query(request.query_string):
        event["queryStringParameters"] = query
    if received.path_parameters:
        event["pathParameters"] = received.path_parameters
    if received.caller:
        event["requestContext"]["authorizer"] = received.caller
    if request.body:
        event["body"], event["isBase64Encoded"] = _body(request)
    return event


def clean(text: str) -> str:
    """Bytes that are no UTF-8 arrive as lone surrogates, which JSON cannot carry to the function."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _headers(request: Request) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in request.headers:
        key = clean(name).lower()
        if key != "cookie":
            headers[key] = f"{headers[key]},{clean(value)}" if key in headers else clean(value)
    headers["content-length"] = str(len(request.body))
    headers["x-forwarded-for"] = ",".join(filter(None, [headers.get("x-forwarded-for"), request.source_ip]))
    headers["x-forwarded-proto"] = "http"
    headers.setdefault("x-amzn-trace-id", f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}")
    return headers


def _query(query_string: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in parse_qsl(clean(query_string), keep_blank_values=True, max_num_fields=None):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def _body(request: Request) -> tuple[str, bool]:
    content_type = request.header("content-type").partition(";")[0].strip()
    if _TEXT.fullmatch(content_type) and not request.header("content-encoding"):
        try:
            return request.body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(request.body).decode(), True
