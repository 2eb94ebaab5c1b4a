"""Bedrock's Converse, and what its errors mean for a job."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as NotConnected
from botocore.parsers import ResponseParserError

from analysis.adapters.aws import MODEL_CONNECT_TIMEOUT_S, MODEL_READ_TIMEOUT_S, error_code
from analysis.domain.failure import FailureCode
from analysis.errors import AnalysisError, JobFailed, TryAgain

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


@dataclass(frozen=True, slots=True)
class Throttled:
    """Wait in the queue, for hours if need be; costs no attempt."""


@dataclass(frozen=True, slots=True)
class Passing:
    """Another attempt may succeed; costs one."""

    code: FailureCode = FailureCode.MODEL_FAILED


@dataclass(frozen=True, slots=True)
class Final:
    """No attempt will succeed."""

    code: FailureCode


MEANING: dict[str, Throttled | Passing | Final] = {
    "ThrottlingException": Throttled(),
    "TooManyRequestsException": Throttled(),
    "ServiceQuotaExceededException": Throttled(),
    "ServiceUnavailableException": Throttled(),
    "ModelNotReadyException": Throttled(),
    "InternalServerException": Passing(),
    "ModelTimeoutException": Passing(),
    "ModelErrorException": Passing(),
    "ValidationException": Final(FailureCode.MODEL_REFUSED_REQUEST),
    "AccessDeniedException": Final(FailureCode.MODEL_ACCESS_DENIED),
    "UnrecognizedClientException": Final(FailureCode.MODEL_ACCESS_DENIED),
    "ResourceNotFoundException": Final(FailureCode.MODEL_NOT_AVAILABLE),
}
"""Every error of Converse (botocore's model, 2026-11), and those of AWS's front door."""

TOO_LONG = ("too long", "too many input tokens", "maximum context length", "exceeds the maximum")
"""How the ValidationException reads when the document does not fit (several models' wordings)."""


class BedrockConverse:
    """``services.ports.Converse``."""

    longest_call = float(MODEL_CONNECT_TIMEOUT_S + MODEL_READ_TIMEOUT_S)

    def __init__(self, client: "Callable[[], BedrockRuntimeClient]") -> None:
        self._client = client

    def converse(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = dict(self._client().converse(**request))
        except ClientError as fault:
            raise _meaning(fault) from fault
        except ReadTimeoutError as fault:
            raise TryAgain("no answer in time", deferred=False, code=FailureCode.MODEL_FAILED) from fault
        except (NotConnected, HTTPClientError) as fault:
            raise TryAgain("connection lost", deferred=False, code=FailureCode.MODEL_FAILED) from fault
        except ResponseParserError as fault:
            raise TryAgain("garbled answer", deferred=False, code=FailureCode.MODEL_FAILED) from fault
        except ParamValidationError as fault:
            # This release asks for what the runtime's botocore does not know.
            raise JobFailed(FailureCode.INTERNAL_ERROR, "(the AWS SDK refuses the request)") from fault
        except BotoCoreError as fault:
            raise TryAgain(type(fault).__name__, deferred=False, code=FailureCode.INTERNAL_ERROR) from fault
        if not answer.keys() >= {"output", "stopReason", "usage"}:
            # A connection that breaks in the middle of the body: botocore makes an empty answer of it.
            raise TryAgain("answer cut off", deferred=False, code=FailureCode.MODEL_FAILED)
        return answer


def _meaning(fault: ClientError) -> AnalysisError:
    code = error_code(fault)
    match MEANING.get(code, Passing()):
        case Throttled():
            return TryAgain(code, deferred=True, code=FailureCode.MODEL_FAILED)
        case Passing(failure):
            return TryAgain(code, deferred=False, code=failure)
        case Final(failure):
            said = str(fault.response.get("Error", {}).get("Message", "")).lower()
            if code == "ValidationException" and any(words in said for words in TOO_LONG):
                return JobFailed(FailureCode.INPUT_TOO_LONG)
            return JobFailed(failure)
