"""The tenant that a request belongs to."""

from http import HTTPStatus

from pipeline.platform.http import Event, HttpProblem
from pipeline.platform.text import UNSTORABLE

ANONYMOUS = "anonymous"
"""The tenant of a request to a stage whose API is open."""

MAX_TENANT_BYTES = 1_000
"""Longest identifier: with an idempotency key it must fit a row of an index, 2,704 bytes. An ARN has 700 at most, and
OpenID allows subjects of 255."""


def tenant_of(event: Event, authorization: str) -> str:
    """The request's tenant, taken only from the identity that API Gateway has verified.

    ``authorization`` is the stage's: ``open``, ``iam`` or ``jwt``. Raises HttpProblem (403) for a caller without an
    identifier, and for a request that reached a protected stage without passing an authorizer, through a route that was
    left open; otherwise all such callers would share one tenant.
    """
    authorizer = event["requestContext"].get("authorizer")
    if not authorizer:
        if authorization == "open":
            return ANONYMOUS
        raise HttpProblem(HTTPStatus.FORBIDDEN, "Unknown caller", "The request has not been authorized.")
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    tenant = claims.get("sub") or claims.get("client_id") or _role((authorizer.get("iam") or {}).get("userArn"))
    if not tenant or not _storable(str(tenant)):
        raise HttpProblem(
            HTTPStatus.FORBIDDEN, "Unknown caller", "The credentials identify neither a user nor a client."
        )
    return str(tenant)


def _storable(tenant: str) -> bool:
    return not UNSTORABLE.search(tenant) and len(tenant.encode()) <= MAX_TENANT_BYTES


def _role(arn: str | None) -> str | None:
    """An assumed role without its session name, which changes from one session to the next."""
    return arn.rpartition("/")[0] if arn and ":assumed-role/" in arn else arn
