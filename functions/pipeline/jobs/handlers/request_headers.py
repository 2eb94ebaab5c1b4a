"""The request header that the API of jobs reads."""

import re

from pipeline.platform.http import Event, invalid_header, single_header

IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_key(event: Event) -> str | None:
    """The request's ``Idempotency-Key``.

    Raises HttpProblem (422) for more than one, and for one that is too long, not visible ASCII, or has a comma.
    """
    key = single_header(event, "idempotency-key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise invalid_header("idempotency-key", "must be 1 to 255 visible ASCII characters, without commas")
    return key
