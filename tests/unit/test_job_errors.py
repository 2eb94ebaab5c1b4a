"""Errors of Converse: each one maps to a class, and each class has one effect on a job."""

import botocore.exceptions as botocore_errors
import pytest
from botocore import loaders
from botocore.exceptions import ClientError
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.errors import AttemptFailed, Deferred, JobFailed
from pipeline.jobs.services.job_errors import job_error
from pipeline.models import errors
from pipeline.models.bedrock import SERVICE_ERRORS, BedrockChatModel, model_error
from pipeline.models.catalogue import shipped_catalogue
from pipeline.models.chat import ChatRequest, UserText
from pipeline.models.errors import ModelError, ModelFailed

from tests.support.policy import POLICY

REQUEST = ChatRequest(shipped_catalogue().find("haiku"), "s", (UserText("u"),), None, {"maxTokens": 10})


def answered(code: str, message: str = "") -> JobFailed | Deferred | AttemptFailed:
    return job_error(model_error(ClientError({"Error": {"Code": code, "Message": message}}, "Converse")))


def test_every_error_of_the_service_model_has_a_class() -> None:
    model = loaders.Loader().load_service_model("bedrock-runtime", "service-2")
    assert {error["shape"] for error in model["operations"]["Converse"]["errors"]} <= set(SERVICE_ERRORS)


def test_every_class_has_an_effect() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, ModelError)]
    assert len(classes) > 8
    for each in classes:
        if each is not ModelError:
            error = each("x", 1.0) if each is errors.ModelCallDenied else each("x")
            assert isinstance(job_error(error), JobFailed | Deferred | AttemptFailed), each


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailableException", "ModelNotReadyException"])
def test_throttling_does_not_count_as_an_attempt(code: str) -> None:
    assert isinstance(answered(code), Deferred)


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "InternalServerException"}}, "Converse"),
        ClientError({"Error": {"Code": "SomethingNew"}}, "Converse"),
        botocore_errors.ReadTimeoutError(endpoint_url="x"),
        botocore_errors.ConnectTimeoutError(endpoint_url="x"),
        botocore_errors.EndpointConnectionError(endpoint_url="x"),
        botocore_errors.ConnectionClosedError(endpoint_url="x"),
        botocore_errors.ResponseStreamingError(error="x"),
        botocore_errors.NoCredentialsError(),
    ],
)
def test_a_transient_error_counts_as_an_attempt(error: Exception) -> None:
    assert isinstance(job_error(model_error(error)), AttemptFailed)


@pytest.mark.parametrize(
    ("code", "message", "failure"),
    [
        ("ValidationException", "Malformed input request", FailureCode.MODEL_REFUSED_REQUEST),
        ("ValidationException", "Input is too long for requested model.", FailureCode.INPUT_TOO_LONG),
        ("AccessDeniedException", "", FailureCode.MODEL_ACCESS_DENIED),
        (
            "ResourceNotFoundException",
            "This model version has reached its end of life",
            FailureCode.MODEL_NOT_AVAILABLE,
        ),
    ],
)
def test_a_permanent_error_fails_the_job_without_quoting_the_service(
    code: str, message: str, failure: FailureCode
) -> None:
    error = answered(code, message)
    assert isinstance(error, JobFailed)
    assert error.failure.code is failure
    assert not message or message not in error.failure.message


@pytest.mark.parametrize(
    "message",
    [
        "Input is too long for requested model.",
        "prompt is too long: 206456 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 90402 + 116650 > 204648, decrease input length",
        "messages: too many total text bytes: 12000000 > 9000000",
        "Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input to try again.",
        "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9279",
        "Malformed input request: expected maxLength: 50000, actual: 52611, please reformat your input and try again.",
        "This model's maximum context length is 131072 tokens. Please reduce the length of the prompt",
        "too many tokens: total number of tokens in the prompt cannot exceed 128000 - received 130000.",
        "Prompt contains 1000172 tokens and 0 draft tokens, too large for model with 40960 maximum context length",
        "Range of input length should be [1, 258048]",
    ],
)
def test_every_vendors_message_for_a_long_prompt_is_recognized(message: str) -> None:
    for text in (message, f"The model returned the following errors: {message}"):
        failed = answered("ValidationException", text)
        assert isinstance(failed, JobFailed)
        assert failed.failure.code is FailureCode.INPUT_TOO_LONG


@pytest.mark.parametrize(
    "message",
    [
        "The maximum tokens you requested exceeds the model limit of 10000.",
        "max_tokens: 999999 > 128000, which is the maximum allowed number of output tokens for this model",
        "too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model",
        "messages.0.content.0.document.name: Value is too long",
        "The value at toolConfig.tools.0.toolSpec.name is too long",
    ],
)
def test_a_message_about_something_else_is_a_refused_request(message: str) -> None:
    failed = answered("ValidationException", message)
    assert isinstance(failed, JobFailed)
    assert failed.failure.code is FailureCode.MODEL_REFUSED_REQUEST


def test_a_request_that_the_sdk_refuses_fails_the_job_and_is_not_billed() -> None:
    error = model_error(botocore_errors.ParamValidationError(report="x"))
    assert not error.billed
    failed = job_error(error)
    assert isinstance(failed, JobFailed)
    assert failed.failure.code is FailureCode.INTERNAL_ERROR


@pytest.mark.parametrize("answer", [{}, {"ResponseMetadata": {}}, {"output": {}, "stopReason": "end_turn"}])
def test_an_incomplete_answer_is_a_failure_that_may_be_billed(answer: dict[str, object]) -> None:
    class Answering:
        def converse(self, **_request: object) -> object:
            return answer

    with pytest.raises(ModelFailed, match="cut off") as failed:
        BedrockChatModel(lambda: Answering(), POLICY.model).ask(REQUEST)  # type: ignore[arg-type, return-value]
    assert failed.value.billed


def test_each_error_states_whether_it_is_billed_and_whether_the_model_is_unhealthy() -> None:
    rejected = ClientError({"Error": {"Code": "ValidationException"}}, "Converse")
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "Converse")
    silent = botocore_errors.ReadTimeoutError(endpoint_url="x")
    unreachable = botocore_errors.EndpointConnectionError(endpoint_url="x")
    for error, billed, unhealthy in (
        (rejected, False, False),
        (throttled, False, True),
        (silent, True, False),  # one caller's long answer
        (unreachable, False, True),
    ):
        found = model_error(error)
        assert (found.billed, found.unhealthy) == (billed, unhealthy), error
