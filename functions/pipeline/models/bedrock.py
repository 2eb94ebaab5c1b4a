"""Bedrock's Converse, and what its errors mean for a job."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.exceptions import ConnectionError as NotConnected
from botocore.parsers import ResponseParserError

from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.errors import CallFailed, JobFailed, TryAgain
from pipeline.platform.aws import MODEL_CONNECT_TIMEOUT_S, MODEL_READ_TIMEOUT_S, error_code

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


@dataclass(frozen=True, slots=True)
class Throttled:
    """Wait in the queue, for hours if need be; costs no attempt."""


@dataclass(frozen=True, slots=True)
class Transient:
    """Another attempt may succeed; costs one."""

    code: FailureCode = FailureCode.MODEL_FAILED


@dataclass(frozen=True, slots=True)
class Permanent:
    """No attempt will succeed."""

    code: FailureCode


MEANING: dict[str, Throttled | Transient | Permanent] = {
    "ThrottlingException": Throttled(),
    "TooManyRequestsException": Throttled(),
    "ServiceQuotaExceededException": Throttled(),
    "ServiceUnavailableException": Throttled(),
    "ModelNotReadyException": Throttled(),
    "InternalServerException": Transient(),
    "ModelTimeoutException": Transient(),
    "ModelErrorException": Transient(),
    "ValidationException": Permanent(FailureCode.MODEL_REFUSED_REQUEST),
    "AccessDeniedException": Permanent(FailureCode.MODEL_ACCESS_DENIED),
    "UnrecognizedClientException": Permanent(FailureCode.MODEL_ACCESS_DENIED),
    "ResourceNotFoundException": Permanent(FailureCode.MODEL_NOT_AVAILABLE),
}
"""Every error of Converse (botocore's model, 2026-11), and those of AWS's front door. An unknown one is Transient. Permanent
ones are about the request; the others count against the model's health. Bedrock bills none of them."""

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
            raise _without_answer("no answer in time") from fault
        except (ConnectTimeoutError, EndpointConnectionError) as fault:
            raise _without_answer("not connected", billed=False) from fault
        except (NotConnected, HTTPClientError) as fault:
            raise _without_answer("connection lost") from fault
        except ResponseParserError as fault:
            raise _without_answer("garbled answer") from fault
        except ParamValidationError as fault:
            # This release asks for what the runtime's botocore does not know.
            failed = JobFailed(FailureCode.INTERNAL_ERROR, "(the AWS SDK refuses the request)")
            raise CallFailed("not sent", failed, billed=False, model_ill=False) from fault
        except BotoCoreError as fault:
            again = TryAgain(type(fault).__name__, deferred=False, code=FailureCode.INTERNAL_ERROR)
            raise CallFailed(again.reason, again, billed=True, model_ill=False) from fault
        if not answer.keys() >= {"output", "stopReason", "usage"}:
            # A connection that breaks in the middle of the body: botocore makes an empty answer of it.
            raise _without_answer("answer cut off")
        return answer


def _without_answer(reason: str, *, billed: bool = True) -> CallFailed:
    again = TryAgain(reason, deferred=False, code=FailureCode.MODEL_FAILED)
    return CallFailed(reason, again, billed=billed, model_ill=True)


def _meaning(fault: ClientError) -> CallFailed:
    code = error_code(fault)
    then: JobFailed | TryAgain
    match meaning := MEANING.get(code, Transient()):
        case Throttled():
            then = TryAgain(code, deferred=True, code=FailureCode.MODEL_FAILED)
        case Transient(failure):
            then = TryAgain(code, deferred=False, code=failure)
        case Permanent(failure):
            said = str(fault.response.get("Error", {}).get("Message", "")).lower()
            too_long = code == "ValidationException" and any(words in said for words in TOO_LONG)
            then = JobFailed(FailureCode.INPUT_TOO_LONG if too_long else failure)
    return CallFailed(code, then, billed=False, model_ill=not isinstance(meaning, Permanent))
