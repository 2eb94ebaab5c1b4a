"""Errors of model calls. A system decides once for each class what it does next (jobs: ``jobs.services.job_errors``).

ModelError
├── ModelCallDenied        a limit of the stage does not allow the call now; no request was sent
├── ModelThrottled         the model has no capacity now
├── ModelFailed            the model failed, or returned no usable answer
│   └── AnswerTooSlow      the answer took longer than the time limit
├── ModelRequestRefused    the model does not accept the request
│   └── InputTooLong       the prompt does not fit the model's context window
├── ModelAccessDenied      the account or the role may not invoke the model
├── ModelNotFound          the model does not exist in the region, or has reached its end of life
├── ModelRequestNotSent    the AWS SDK refuses to send the request
└── ModelClientFailed      the AWS SDK failed in another way
"""

from typing import ClassVar

from pipeline.platform.errors import PipelineError


class ModelError(PipelineError):
    """A model call without an answer."""

    unhealthy: ClassVar[bool] = False
    """Whether the error counts against the model's health, and not against the request."""

    def __init__(self, reason: str, *, billed: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        """AWS's name of the error, or a short description. It quotes no prompt and no answer."""
        self.billed = billed
        """Whether Bedrock may bill the call all the same."""


class ModelCallDenied(ModelError):
    """A limit of the stage does not allow the call now; no request was sent."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class ModelThrottled(ModelError):
    """The model has no capacity now. Bedrock does not bill such a call."""

    unhealthy = True


class ModelFailed(ModelError):
    """The model failed, or returned no usable answer."""

    unhealthy = True


class AnswerTooSlow(ModelFailed):
    """The answer took longer than the time limit: one caller's long answers do not show that the model is unhealthy."""

    unhealthy = False


class ModelRequestRefused(ModelError):
    """The model does not accept the request."""


class InputTooLong(ModelRequestRefused):
    """The prompt does not fit the model's context window."""


class ModelAccessDenied(ModelError):
    """The account or the role may not invoke the model."""


class ModelNotFound(ModelError):
    """The model does not exist in the region, or has reached its end of life."""


class ModelRequestNotSent(ModelError):
    """The AWS SDK refuses to send the request: this release uses a field that the runtime's SDK does not know."""


class ModelClientFailed(ModelError):
    """The AWS SDK failed in another way; whether the request reached Bedrock is unknown."""
