"""How the API's description speaks of refusals, the functions' own and API Gateway's, and of who may call."""

from typing import Any

from pipeline.jobs.domain.request import MAX_BODY_BYTES

type Json = dict[str, Any]

REF = "#/components/schemas/{model}"

REFUSALS = {
    "400": "The body is not JSON.",
    "401": "There is no access token, or it is not valid: WWW-Authenticate says why.",
    "403": "The credentials may not do this, or name neither a user nor a client.",
    "404": "There is no such job, or it is another caller's.",
    "409": "The Idempotency-Key was used before with another request, or the job to be cancelled has ended.",
    "413": f"The body is longer than {MAX_BODY_BYTES:,} bytes.",
    "415": "The body is not application/json.",
    "422": "A field, the query or the Idempotency-Key is at fault: `errors` says which and why.",
    "429": "Too many requests at once; or the money for the day is spent, and there is more after Retry-After.",
    "500": "A fault of this service.",
    "503": "Something that this service needs does not answer. Try again after Retry-After, with the same key.",
}

HEADERS = {
    "401": {"WWW-Authenticate": "What is wrong with the token."},
    "429": {"Retry-After": "Seconds until there is money again; not where there were too many requests at once."},
    "503": {"Retry-After": "Seconds."},
}

ANSWERED_BY_GATEWAY = {"401", "403", "413", "429", "500", "503"}
"""What API Gateway may answer before a function is asked, or in place of one: in a form of its own."""

ALWAYS = ("429", "500", "503")
"""What any request may come to."""

CREDENTIALS: dict[str, tuple[str, Json, tuple[str, ...]]] = {
    "jwt": ("token", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}, ("401", "403")),
    "iam": (
        "signature",
        {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "AWS Signature Version 4 for the service execute-api.",
            "x-amazon-apigateway-authtype": "awsSigv4",
        },
        ("403",),
    ),
}
"""By what API Gateway calls its authorizers: the name, the scheme, and how callers without it are refused."""


def json_content(model: str) -> Json:
    """A body of that model."""
    return {"application/json": {"schema": ref(model)}}


def ref(model: str) -> Json:
    """A reference to the model's schema."""
    return {"$ref": REF.format(model=model)}


def problem_content() -> Json:
    """A problem document."""
    return {"application/problem+json": {"schema": ref("Problem")}}


def problems(*statuses: str) -> Json:
    """The answers with these statuses."""
    return {
        status: {
            "description": REFUSALS[status],
            "headers": {name: header(why) for name, why in HEADERS.get(status, {}).items()},
            "content": _refusal_content(status),
        }
        for status in statuses
    }


def _refusal_content(status: str) -> Json:
    ours = {} if status == "401" else problem_content()
    return {**ours, **json_content("Refusal")} if status in ANSWERED_BY_GATEWAY else ours


def header(description: str) -> Json:
    """A header that an answer may have."""
    return {"description": description, "schema": {"type": "string"}}
