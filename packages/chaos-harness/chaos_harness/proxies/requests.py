"""A request of a function to AWS, and what is to become of it."""

import json
import re
from dataclasses import dataclass
from enum import Enum, auto

from aiohttp import web

_WORKER = re.compile(r"\bapp/(\w+)-(\d+)")
_CONVERSE = re.compile(r"/model/[^/]+/converse")


class Fate(Enum):
    """What the proxy does."""

    FORWARD = auto()
    REFUSE = auto()
    """An error, and nothing done."""
    EXECUTE_AND_REFUSE = auto()
    """Done, and answered with an error."""
    TWICE = auto()
    DELAY = auto()
    GARBLE = auto()
    """Done, and the answer's body is no JSON."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The request, understood as far as is needed."""

    operation: str
    """AWS's name; empty for what no fault is meant for."""
    function: str
    process: int
    invocation: str
    """Of the SDK: the same for its own second try."""
    body: bytes

    @classmethod
    def read(cls, request: web.BaseRequest, body: bytes) -> "Sent":
        """From what came over the wire."""
        sender = _WORKER.search(request.headers.get("User-Agent", ""))
        return cls(
            operation=_operation(request),
            function=sender.group(1) if sender else "",
            process=int(sender.group(2)) if sender else 0,
            invocation=request.headers.get("amz-sdk-invocation-id", ""),
            body=body,
        )

    def job_id(self) -> str:
        """Of SendMessage: the job that the message is for."""
        return str(json.loads(json.loads(self.body)["MessageBody"])["job_id"])

    def delayed(self, seconds: int) -> bytes:
        """Of SendMessage: the body with a longer delay."""
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
    """An error in the service's own shape, of a kind that the SDK tries again."""
    if sent.operation == "PutObject":
        said = "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>"
        return web.Response(status=500, text=said, content_type="application/xml")
    return web.json_response({"__type": "InternalServerError", "message": "An internal error occurred."}, status=500)
