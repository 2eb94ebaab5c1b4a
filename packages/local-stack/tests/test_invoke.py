"""Lambda's Invoke on the local stack: boto3 finds what it finds on AWS."""

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import small_stack
from botocore.exceptions import ClientError
from local_stack import state_dir
from local_stack.running import RunningStack, aws_client

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:the-once"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    directory = tmp_path_factory.mktemp("invoke")
    small_stack.write_files(directory, small_stack.wiring(directory))
    with small_stack.running(directory) as running:
        yield running


@pytest.fixture
def client(stack: RunningStack) -> Any:
    return aws_client("lambda", stack.ready["lambda_endpoint_url"])


@pytest.mark.parametrize("name", ["the-once", ARN])
def test_a_function_answers_by_its_name_and_by_its_arn(client: Any, name: str) -> None:
    answer = client.invoke(FunctionName=name, Payload=b'{"any": "event"}')
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(answer["Payload"].read()) == {"done": True}
    assert "FunctionError" not in answer


def test_a_functions_own_failure_is_an_answer(client: Any) -> None:
    answer = client.invoke(FunctionName="the-worker", Payload=b"{}")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorType"] == "KeyError"


@pytest.mark.parametrize(
    ("order", "code", "status"),
    [
        ({"FunctionName": "unknown"}, "ResourceNotFoundException", 404),
        ({"FunctionName": "the-once", "Payload": b"{"}, "InvalidRequestContentException", 400),
        ({"FunctionName": "the-once", "InvocationType": "Event"}, "InvalidParameterValueException", 400),
        ({"FunctionName": "the-once", "Payload": b'"%s"' % (b"x" * 6_400_000)}, "RequestTooLargeException", 413),
    ],
)
def test_refusals_have_lambdas_shapes(client: Any, order: dict[str, Any], code: str, status: int) -> None:
    with pytest.raises(ClientError) as refused:
        client.invoke(**order)
    assert refused.value.response["Error"]["Code"] == code
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_who_does_not_sign_invokes_nothing(stack: RunningStack) -> None:
    """As a web page would, in the browser of the person who runs the stack."""
    connection = http.client.HTTPConnection(urlsplit(stack.ready["lambda_endpoint_url"]).netloc)
    connection.request("POST", "/2015-03-31/functions/the-once/invocations", b"{}")
    assert connection.getresponse().status == 403
    connection.close()


def test_a_command_finds_the_stack_that_runs(stack: RunningStack) -> None:
    listed = [json.loads(file.read_text()) for file in state_dir.running()]
    assert stack.ready in listed
    assert stack.ready["functions"]["Once"] == "the-once"
