"""Every error that Converse can answer has a meaning, and the waits fit the function's time."""

import json
from pathlib import Path

import botocore.exceptions as botocore_errors
import pytest
from botocore import loaders
from botocore.exceptions import ClientError
from pipeline.jobs.domain.failure import FailureCode
from pipeline.jobs.errors import CallFailed, JobFailed, TryAgain
from pipeline.jobs.services import answer
from pipeline.jobs.services import run_job as process
from pipeline.jobs.services import sweep_jobs as sweep
from pipeline.models.bedrock import MEANING, BedrockConverse
from pipeline.platform import aws, postgres

WIRING = json.loads((Path(__file__).parents[2] / "infra" / "wiring.json").read_text())["resources"]


class Raising:
    """A Bedrock client whose every call fails."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def converse(self, **_request: object) -> object:
        raise self.error


def failed(error: Exception) -> CallFailed:
    with pytest.raises(CallFailed) as raised:
        BedrockConverse(lambda: Raising(error)).converse({})  # type: ignore[arg-type, return-value]
    return raised.value


def outcome(error: Exception) -> JobFailed | TryAgain:
    return failed(error).then


def answered(code: str, message: str = "") -> JobFailed | TryAgain:
    return outcome(ClientError({"Error": {"Code": code, "Message": message}}, "Converse"))


def test_every_error_of_the_service_model_has_a_meaning() -> None:
    model = loaders.Loader().load_service_model("bedrock-runtime", "service-2")
    assert {error["shape"] for error in model["operations"]["Converse"]["errors"]} <= set(MEANING)


@pytest.mark.parametrize("code", ["ThrottlingException", "ServiceUnavailableException", "ModelNotReadyException"])
def test_throttling_costs_no_attempt(code: str) -> None:
    error = answered(code)
    assert isinstance(error, TryAgain)
    assert error.deferred


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
    ],
)
def test_what_may_pass_costs_an_attempt(error: Exception) -> None:
    again = outcome(error)
    assert isinstance(again, TryAgain)
    assert not again.deferred


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
def test_what_will_not_pass_fails_the_job_without_quoting_the_service(
    code: str, message: str, failure: FailureCode
) -> None:
    error = answered(code, message)
    assert isinstance(error, JobFailed)
    assert error.failure.code is failure
    assert not message or message not in error.failure.message


def test_all_waits_fit_into_one_another() -> None:
    timeout = WIRING["Worker"]["inputs"]["timeout"]
    api_timeout = WIRING["ApiHandler"]["inputs"]["timeout"]
    small_call = 2 * (1 + 2) + 1  # two tries, connecting and reading, and the pause between them
    assert (vars(aws.SMALL_CALL)["connect_timeout"], vars(aws.SMALL_CALL)["read_timeout"]) == (1, 2)
    # Configuration, the record, the message, the withdrawal: each as slow as can be.
    assert 2 * small_call + 2 * 2 * postgres.REQUESTS.socket < api_timeout
    assert postgres.MIGRATIONS.socket < WIRING["Migrator"]["inputs"]["timeout"]
    queue = WIRING["Jobs"]["inputs"]
    call = aws.MODEL_CONNECT_TIMEOUT_S + aws.MODEL_READ_TIMEOUT_S
    assert call == BedrockConverse.longest_call
    assert answer.MAX_CALLS * call + process.FINISH_MARGIN_S < timeout
    assert queue["visibilityTimeoutSeconds"] >= 6 * timeout  # AWS's own advice
    assert queue["redrivePolicy"]["maxReceiveCount"] > process.MAX_ATTEMPTS
    assert api_timeout < sweep.OVERDUE_S
    assert api_timeout < 30  # API Gateway's limit
    assert vars(aws.MODEL_CALL)["_user_provided_options"]["retries"] == {"total_max_attempts": 1}


@pytest.mark.parametrize("answer", [{}, {"ResponseMetadata": {}}, {"output": {}, "stopReason": "end_turn"}])
def test_half_an_answer_is_none(answer: dict[str, object]) -> None:
    class Answering:
        def converse(self, **_request: object) -> object:
            return answer

    with pytest.raises(CallFailed, match="cut off"):
        BedrockConverse(lambda: Answering()).converse({})  # type: ignore[arg-type, return-value]


def test_the_ledger_is_told_what_may_be_billed_and_what_says_that_the_model_is_ill() -> None:
    refused = ClientError({"Error": {"Code": "ValidationException"}}, "Converse")
    throttled = ClientError({"Error": {"Code": "ThrottlingException"}}, "Converse")
    silent = botocore_errors.ReadTimeoutError(endpoint_url="x")
    unreachable = botocore_errors.EndpointConnectionError(endpoint_url="x")
    for error, billed, ill in (
        (refused, False, False),
        (throttled, False, True),
        (silent, True, True),
        (unreachable, False, True),
    ):
        fault = failed(error)
        assert (fault.billed, fault.model_ill) == (billed, ill), error
