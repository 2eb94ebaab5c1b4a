"""Chat models on Amazon Bedrock: the Converse API, and the meaning of its errors."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as ConnectionFailed
from botocore.parsers import ResponseParserError

from pipeline.models.chat import ChatAnswer, ChatRequest
from pipeline.models.converse import converse_request, read_answer
from pipeline.models.errors import (
    AnswerTooSlow,
    InputTooLong,
    ModelAccessDenied,
    ModelClientFailed,
    ModelError,
    ModelFailed,
    ModelNotFound,
    ModelRequestNotSent,
    ModelRequestRefused,
    ModelThrottled,
)
from pipeline.models.overflow_messages import is_overflow
from pipeline.platform.aws import error_code
from pipeline.platform.policy import ModelCallPolicy

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

SERVICE_ERRORS: dict[str, type[ModelError]] = {
    "ThrottlingException": ModelThrottled,
    "TooManyRequestsException": ModelThrottled,
    "ServiceQuotaExceededException": ModelThrottled,
    "ServiceUnavailableException": ModelThrottled,
    "ModelNotReadyException": ModelThrottled,
    "InternalServerException": ModelFailed,
    "ModelTimeoutException": AnswerTooSlow,
    "ModelErrorException": ModelFailed,
    "ValidationException": ModelRequestRefused,
    "AccessDeniedException": ModelAccessDenied,
    "UnrecognizedClientException": ModelAccessDenied,
    "ResourceNotFoundException": ModelNotFound,
}
"""Every error of Converse (botocore's service model, 2026-11), and those of AWS's front door. An unknown error is
ModelFailed. Bedrock bills none of them."""


class BedrockChatModel:
    """``models.ports.ChatModel`` on Converse."""

    def __init__(self, client: "Callable[[], BedrockRuntimeClient]", policy: ModelCallPolicy) -> None:
        self._client = client
        self.longest_call_s = policy.longest_s

    def ask(self, request: ChatRequest) -> ChatAnswer:
        try:
            answer = dict(self._client().converse(**converse_request(request)))
        except (ClientError, BotoCoreError, ResponseParserError) as exc:
            raise model_error(exc) from exc
        try:
            return read_answer(answer)
        except KeyError as exc:
            raise ModelFailed("answer cut off", billed=True) from exc


def model_error(error: Exception) -> ModelError:
    """The model error for an error of the AWS SDK."""
    match error:
        case ClientError():
            return _service_error(error)
        case ReadTimeoutError():
            return AnswerTooSlow("no answer in time", billed=True)
        case ConnectTimeoutError() | EndpointConnectionError():
            return ModelFailed("not connected")
        case ConnectionFailed() | HTTPClientError():
            return ModelFailed("connection lost", billed=True)
        case ResponseParserError():
            return ModelFailed("garbled answer", billed=True)
        case ParamValidationError():
            return ModelRequestNotSent("not sent")
        case _:
            return ModelClientFailed(type(error).__name__, billed=True)


def _service_error(error: ClientError) -> ModelError:
    code = error_code(error)
    if code == "ValidationException" and is_overflow(str(error.response.get("Error", {}).get("Message", ""))):
        return InputTooLong(code)
    return SERVICE_ERRORS.get(code, ModelFailed)(code)
