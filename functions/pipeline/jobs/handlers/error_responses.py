"""The error statuses, as the API's description explains them."""

from pipeline.jobs.domain.request import MAX_BODY_BYTES, MAX_ELEMENTS, MAX_TEXT_BYTES
from pipeline.platform.openapi import ErrorResponse

ERROR_RESPONSES = {
    "400": ErrorResponse("The body is not valid JSON."),
    "401": ErrorResponse(
        "The access token is missing or invalid.", {"WWW-Authenticate": "The reason why the token was rejected."}
    ),
    "403": ErrorResponse("The credentials do not allow the request, or identify neither a user nor a client."),
    "404": ErrorResponse("The job does not exist, or belongs to another caller."),
    "409": ErrorResponse(
        "The Idempotency-Key was used before with another request, the job to cancel has already finished, or the job "
        "to erase has not."
    ),
    "413": ErrorResponse(
        f"The body is longer than {MAX_BODY_BYTES:,} bytes, or than {MAX_TEXT_BYTES:,} with each \\uXXXX escape "
        f"counted as one, or its arrays and objects have more than {MAX_ELEMENTS:,} values."
    ),
    "415": ErrorResponse(
        "The body is not application/json, or is compressed.",
        {"Accept": "The accepted media type.", "Accept-Encoding": "The accepted content coding."},
    ),
    "422": ErrorResponse("A field, the query or the Idempotency-Key is invalid: `errors` lists each with its reason."),
    "429": ErrorResponse(
        "Too many requests at once, too many queued jobs, or a daily limit (spending, jobs or bytes) has been reached.",
        {"Retry-After": "Seconds until a retry may succeed; absent if too many requests arrived at once."},
    ),
    "500": ErrorResponse("Internal error."),
    "503": ErrorResponse(
        "A dependency of the service does not respond. Retry after Retry-After with the same Idempotency-Key.",
        {"Retry-After": "Seconds."},
    ),
}
"""By HTTP status."""
