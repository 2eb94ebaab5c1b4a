"""Who may call a route: what the gateway's authorizers have in common."""

from collections.abc import Awaitable, Callable
from typing import Any

from local_stack.gateway.request import Request
from local_stack.gateway.response import Response, refusal

type Caller = dict[str, Any]
"""What the event says of the caller, as ``requestContext.authorizer``; empty where nobody is asked."""

type Authorize = Callable[[Request], Awaitable[Caller]]


class Refused(Exception):
    """The caller is not let in. The integration is not called."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status)
        self.answer = answer


def unauthorized(challenge: str) -> Refused:
    """Nobody is known by this token: a new one may do."""
    return Refused(refusal(401, "Unauthorized", ("www-authenticate", challenge)))


def forbidden(*headers: tuple[str, str]) -> Refused:
    return Refused(refusal(403, "Forbidden", *headers))


async def anybody(_request: Request) -> Caller:
    return {}
