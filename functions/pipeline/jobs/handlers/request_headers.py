"""The request header that the API of jobs reads."""

import re
from http import HTTPStatus

from pipeline.platform.http import Event, HttpProblem

IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_key(event: Event) -> str | None:
    """The request's ``Idempotency-Key``. Raises HttpProblem (422) for one that is too long or not visible ASCII."""
    key: str | None = event.get("headers", {}).get("idempotency-key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        detail = "must be 1 to 255 visible ASCII characters"
        raise HttpProblem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "Invalid Idempotency-Key",
            f"The header Idempotency-Key {detail}.",
            [{"pointer": "/headers/idempotency-key", "detail": detail}],
        )
    return key
