"""Authorization of a route: the parts that all authorizers of the gateway share."""

from collections.abc import Awaitable, Callable
from typing import Any

from local_stack.gateway.request import Request
from local_stack.gateway.response import Response, refusal

type Caller = dict[str, Any]
"""The caller, as ``requestContext.authorizer`` of the event; empty on routes without authorization."""

type Authorize = Callable[[Request], Awaitable[Caller]]


class Refused(Exception):
    """The caller is not let in. The integration is not called."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


def unauthorized(challenge: str) -> Refused:
    """The credentials identify no caller; new ones may."""
    return Refused(refusal(401, "Unauthorized", ("www-authenticate", challenge)))


def forbidden(*headers: tuple[str, str]) -> Refused:
    return Refused(refusal(403, "Forbidden", *headers))


async def allow_all(_request: Request) -> Caller:
    return {}
