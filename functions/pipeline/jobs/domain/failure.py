"""Failures of jobs: the closed list of codes in ``error.code``."""

from dataclasses import dataclass
from enum import StrEnum


class FailureCode(StrEnum):
    """The codes of ``error.code``; ``EXPLANATIONS`` explains each to the caller."""

    INVALID_OUTPUT = "invalid_output"
    OUTPUT_TRUNCATED = "output_truncated"
    INPUT_TOO_LONG = "input_too_long"
    CONTENT_BLOCKED = "content_blocked"
    MODEL_REFUSED_REQUEST = "model_refused_request"
    MODEL_ACCESS_DENIED = "model_access_denied"
    MODEL_NOT_AVAILABLE = "model_not_available"
    MODEL_FAILED = "model_failed"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    EXPIRED = "expired"
    INTERNAL_ERROR = "internal_error"


EXPLANATIONS: dict[FailureCode, tuple[str, bool]] = {
    FailureCode.INVALID_OUTPUT: (
        "The model's answer did not fit the output schema, even after corrections.",
        True,
    ),
    FailureCode.OUTPUT_TRUNCATED: (
        "The answer reached max_tokens before it was complete. Allow more tokens.",
        False,
    ),
    FailureCode.INPUT_TOO_LONG: ("The document does not fit the model's context window.", False),
    FailureCode.CONTENT_BLOCKED: ("A guardrail or the model's own filter stopped the answer.", False),
    FailureCode.MODEL_REFUSED_REQUEST: ("Bedrock refused the request as invalid.", False),
    FailureCode.MODEL_ACCESS_DENIED: ("This account may not call the model.", False),
    FailureCode.MODEL_NOT_AVAILABLE: (
        "The model does not exist in this region, or has reached its end of life.",
        False,
    ),
    FailureCode.MODEL_FAILED: ("The model kept failing or timing out.", True),
    FailureCode.ATTEMPTS_EXHAUSTED: (
        "Every attempt ended without a result: the worker died or ran out of time, or the model stopped answering.",
        True,
    ),
    FailureCode.EXPIRED: ("The job waited too long for the model or for the daily cost limit.", True),
    FailureCode.INTERNAL_ERROR: ("Internal error.", True),
}
"""By code: the cause, and whether the same request may succeed if it is submitted again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A job's error, as stored and shown. ``message`` never quotes the document or the model's answer."""

    code: FailureCode
    message: str
    retryable: bool

    @classmethod
    def of(cls, code: FailureCode, detail: str = "") -> "Failure":
        """The failure for a code; ``detail`` is appended to the standing explanation."""
        explanation, retryable = EXPLANATIONS[code]
        return cls(code, f"{explanation} {detail}".strip(), retryable)
