"""The tenant that a request belongs to."""

from http import HTTPStatus

from pipeline.platform.http import Event, HttpProblem

ANONYMOUS = "anonymous"
"""The tenant of a request to a stage whose API is open."""


def tenant_of(event: Event) -> str:
    """Whose request it is, from what API Gateway has verified and from nothing else.

    Raises HttpProblem (403) for a caller who was let in, but of whom no name is known: the tenants of such callers
    would all be one.
    """
    authorizer = event["requestContext"].get("authorizer")
    if not authorizer:
        return ANONYMOUS
    claims = (authorizer.get("jwt") or {}).get("claims") or {}
    tenant = claims.get("sub") or claims.get("client_id") or _role((authorizer.get("iam") or {}).get("userArn"))
    if not tenant:
        raise HttpProblem(HTTPStatus.FORBIDDEN, "Unknown caller", "The credentials name neither a user nor a client.")
    return str(tenant)


def _role(arn: str | None) -> str | None:
    """An assumed role without the name of its session, which changes from one to the next."""
    return arn.rpartition("/")[0] if arn and ":assumed-role/" in arn else arn
