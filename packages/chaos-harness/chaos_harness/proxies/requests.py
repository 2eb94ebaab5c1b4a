"""A request from a function to AWS, and the ways in which the proxy treats it."""

import json
import re
from dataclasses import dataclass
from enum import Enum, auto

from aiohttp import web

_WORKER = re.compile(r"\bapp/(\w+)-(\d+)")
_CONVERSE = re.compile(r"/model/[^/]+/converse")


class Treatment(Enum):
    """Treatment of a request by the proxy."""

    FORWARD = auto()
    REFUSE = auto()
    """Answered with an error and not executed."""
    EXECUTE_AND_REFUSE = auto()
    """Executed, and answered with an error."""
    TWICE = auto()
    DELAY = auto()
    GARBLE = auto()
    """Executed, and the body of the answer is replaced by broken JSON."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request, with the parts that select faults."""

    operation: str
    """AWS's name of the operation; empty if no fault applies to it."""
    function: str
    process: int
    invocation: str
    """The SDK's id of the call. Its retries have the same one."""
    body: bytes

    @classmethod
    def read(cls, request: web.BaseRequest, body: bytes) -> "Sent":
        """Read a request of the SDK."""
        sender = _WORKER.search(request.headers.get("User-Agent", ""))
        return cls(
            operation=_operation(request),
            function=sender.group(1) if sender else "",
            process=int(sender.group(2)) if sender else 0,
            invocation=request.headers.get("amz-sdk-invocation-id", ""),
            body=body,
        )

    def job_id(self) -> str:
        """The job of the message. Only for SendMessage."""
        return str(json.loads(json.loads(self.body)["MessageBody"])["job_id"])

    def delayed(self, seconds: int) -> bytes:
        """The body with a longer delay. Only for SendMessage."""
        message = json.loads(self.body)
        message["DelaySeconds"] = int(message.get("DelaySeconds", 0)) + seconds
        return json.dumps(message).encode()


def _operation(request: web.BaseRequest) -> str:
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2]
    if _CONVERSE.fullmatch(request.path):
        return "Converse"
    return "PutObject" if request.method == "PUT" and request.path.count("/") > 1 else ""


def refusal(sent: Sent) -> web.Response:
    """An error that the SDK retries, in the format of the service."""
    if sent.operation == "PutObject":
        error = "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
        return web.Response(status=500, text=error, content_type="application/xml")
    return web.json_response({"__type": "InternalServerError", "message": "An internal error occurred."}, status=500)


def unavailable() -> web.Response:
    """The answer of a model that is unavailable."""
    headers = {"x-amzn-ErrorType": "ServiceUnavailableException"}
    return web.json_response({"message": "The service is unavailable."}, status=503, headers=headers)
