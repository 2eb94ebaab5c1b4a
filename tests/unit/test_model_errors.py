"""Errors of model calls: each error of Bedrock and of the SDK, its effect on the job, on the bill and on the health."""

from collections.abc import Callable
from typing import Any

import botocore.exceptions as botocore_errors
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from pipeline.jobs.domain.failure import EXPLANATIONS, Failure, FailureCode
from pipeline.jobs.errors import AttemptFailed, Deferred, JobFailed
from pipeline.jobs.services.job_errors import job_error
from pipeline.models.bedrock import BedrockChatModel, model_error
from pipeline.models.catalogue import shipped_catalogue
from pipeline.models.chat import ChatRequest, UserText
from pipeline.models.errors import ModelCallDenied, ModelError
from pipeline.models.prices import Usage

from tests.support.fakes import text_answer
from tests.support.policy import POLICY

REQUEST = ChatRequest(shipped_catalogue().find("haiku"), "s", (UserText("u"),), None, {"maxTokens": 10})


def of_service(code: str) -> ModelError:
    return model_error(ClientError({"Error": {"Code": code, "Message": "canary-4711"}}, "Converse"))


def effect(error: ModelError) -> str:
    """The effect on the job: ``later``, ``again`` or the code of its failure."""
    match job_error(error):
        case Deferred(after_s=None):
            return "later"
        case AttemptFailed(code=code):
            return f"again, or {code}"
        case JobFailed(failure=failure):
            return str(failure.code)
    raise AssertionError


@pytest.mark.parametrize(
    ("code", "expected", "unhealthy"),
    [
        ("ThrottlingException", "later", True),
        ("TooManyRequestsException", "later", True),
        ("ServiceQuotaExceededException", "later", True),
        ("ServiceUnavailableException", "later", True),
        ("ModelNotReadyException", "later", True),
        ("InternalServerException", "again, or model_failed", True),
        ("ModelErrorException", "again, or model_failed", True),
        ("ModelTimeoutException", "again, or model_failed", False),
        ("AnErrorOfTomorrow", "again, or model_failed", True),
        ("", "again, or model_failed", True),
        ("ValidationException", "model_refused_request", False),
        ("AccessDeniedException", "model_access_denied", False),
        ("UnrecognizedClientException", "model_access_denied", False),
        ("ResourceNotFoundException", "model_not_available", False),
    ],
)
def test_an_error_of_bedrock_is_free_and_has_its_effect(code: str, expected: str, unhealthy: bool) -> None:
    error = of_service(code)
    assert (effect(error), error.unhealthy, error.billed, error.reason) == (expected, unhealthy, False, code)


@pytest.mark.parametrize(
    ("error", "expected", "billed", "unhealthy"),
    [
        (botocore_errors.ReadTimeoutError(endpoint_url="x"), "again, or model_failed", True, False),
        (botocore_errors.ConnectTimeoutError(endpoint_url="x"), "again, or model_failed", False, True),
        (botocore_errors.EndpointConnectionError(endpoint_url="x"), "again, or model_failed", False, True),
        (botocore_errors.ConnectionClosedError(endpoint_url="x"), "again, or model_failed", True, True),
        (botocore_errors.HTTPClientError(error="x"), "again, or model_failed", True, True),
        (ResponseParserError("x"), "again, or model_failed", True, True),
        (botocore_errors.ParamValidationError(report="x"), "internal_error", False, False),
        (botocore_errors.NoCredentialsError(), "again, or internal_error", True, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_of_the_sdk_is_billed_if_the_request_may_have_arrived(
    error: Exception, expected: str, billed: bool, unhealthy: bool
) -> None:
    found = model_error(error)
    assert (effect(found), found.billed, found.unhealthy) == (expected, billed, unhealthy)


def test_a_denied_call_waits_as_long_as_the_limit_requires() -> None:
    deferred = job_error(ModelCallDenied("daily_limit", 17.5))
    assert isinstance(deferred, Deferred)
    assert (deferred.reason, deferred.after_s) == ("daily_limit", 17.5)


def test_an_error_without_an_effect_is_a_defect() -> None:
    class ErrorOfTomorrow(ModelError):
        """A class that ``job_error`` does not know."""

    with pytest.raises(NotImplementedError, match="ErrorOfTomorrow"):
        job_error(ErrorOfTomorrow("x"))


class Client:
    """The SDK's client, whose call ends as a test determines."""

    def __init__(self, end: Callable[[], dict[str, Any]]) -> None:
        self._end = end
        self.requests: list[dict[str, Any]] = []

    def converse(self, **request: Any) -> dict[str, Any]:
        self.requests.append(request)
        return self._end()


def test_a_call_is_made_once_and_its_answer_is_read() -> None:
    client = Client(lambda: text_answer("yes", tokens=(7, 8)))
    model: Any = BedrockChatModel(lambda: client, POLICY.model)  # type: ignore[arg-type, return-value]
    answer = model.ask(REQUEST)
    assert (answer.usage, answer.stop_reason, answer.tool_calls) == (Usage(7, 8), "complete", ())
    assert answer.turn.content == ({"text": "yes"},)
    (request,) = client.requests
    assert (request["modelId"], request["inferenceConfig"]) == (REQUEST.model.id, {"maxTokens": 10})
    assert model.longest_call_s == POLICY.model.connect_timeout_s + POLICY.model.read_timeout_s


@pytest.mark.parametrize(
    ("code", "expected"), [("ThrottlingException", "later"), ("ValidationException", "input_too_long")]
)
def test_only_a_refused_request_can_be_too_long(code: str, expected: str) -> None:
    message = "Input is too long for requested model."
    assert effect(model_error(ClientError({"Error": {"Code": code, "Message": message}}, "Converse"))) == expected


def test_a_refusal_without_a_message_is_not_about_the_length() -> None:
    assert effect(model_error(ClientError({"Error": {"Code": "ValidationException"}}, "Converse"))) == (
        "model_refused_request"
    )


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ThrottlingException"}}, "Converse"),
        botocore_errors.NoCredentialsError(),
        ResponseParserError("x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_the_call_is_a_model_error_with_its_cause(error: Exception) -> None:
    def refuse() -> dict[str, Any]:
        raise error

    with pytest.raises(ModelError) as failed:
        BedrockChatModel(lambda: Client(refuse), POLICY.model).ask(REQUEST)  # type: ignore[arg-type, return-value]
    assert failed.value.__cause__ is error


RETRYABLE = {
    FailureCode.INVALID_OUTPUT: True,
    FailureCode.OUTPUT_TRUNCATED: False,
    FailureCode.INPUT_TOO_LONG: False,
    FailureCode.CONTENT_BLOCKED: False,
    FailureCode.MODEL_REFUSED_REQUEST: False,
    FailureCode.MODEL_ACCESS_DENIED: False,
    FailureCode.MODEL_NOT_AVAILABLE: False,
    FailureCode.MODEL_FAILED: True,
    FailureCode.ATTEMPTS_EXHAUSTED: True,
    FailureCode.EXPIRED: True,
    FailureCode.INTERNAL_ERROR: True,
}
"""Whether the same request may succeed later. Clients decide by it whether to submit again."""


@pytest.mark.parametrize("code", FailureCode)
def test_each_failure_states_whether_a_repetition_may_succeed(code: FailureCode) -> None:
    failure = Failure.of(code)
    assert (failure.code, failure.retryable) == (code, RETRYABLE[code])
    assert failure.message == EXPLANATIONS[code][0]
    assert Failure.of(code, "(why)").message == f"{failure.message} (why)"


def test_the_codes_are_those_that_clients_know() -> None:
    assert {str(code) for code in FailureCode} == {
        "invalid_output", "output_truncated", "input_too_long", "content_blocked", "model_refused_request",
        "model_access_denied", "model_not_available", "model_failed", "attempts_exhausted", "expired",
        "internal_error",
    }  # fmt: skip
