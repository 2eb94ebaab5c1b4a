"""The tenant that a request belongs to."""

from http import HTTPStatus

from pipeline.platform.http import Event, HttpProblem

ANONYMOUS = "anonymous"
"""The tenant of a request to a stage whose API is open."""


def tenant_of(event: Event) -> str:
    """The request's tenant, taken only from the identity that API Gateway has verified.

    Raises HttpProblem (403) for an authenticated caller without an identifier; otherwise all such callers would share
    one tenant.
    """
    authorizer = event["requestContext"].get("authorizer")
    if not authorizer:
        return ANONYMOUS
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    tenant = claims.get("sub") or claims.get("client_id") or _role((authorizer.get("iam") or {}).get("userArn"))
    if not tenant:
        raise HttpProblem(
            HTTPStatus.FORBIDDEN, "Unknown caller", "The credentials identify neither a user nor a client."
        )
    return str(tenant)


def _role(arn: str | None) -> str | None:
    """An assumed role without its session name, which changes from one session to the next."""
    return arn.rpartition("/")[0] if arn and ":assumed-role/" in arn else arn
