"""The part of AWS's front door that is emulated: a signature must be there. It is not verified."""

import re

from bedrock_emulator.errors import ServiceError

_SIGNED = re.compile(r"AWS4-HMAC-SHA256 .*Credential=[^/,\s]+/\d{8}/[\w-]+/[\w-]+/aws4_request.*Signature=[0-9a-f]+")


def check_signed(authorization: str | None) -> None:
    """Accepts a Signature Version 4 header or a Bedrock API key. Raises ServiceError (403) without either."""
    if not authorization:
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    if not _SIGNED.match(authorization) and not re.match(r"Bearer \S", authorization):
        raise ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.")
