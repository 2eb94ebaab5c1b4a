"""Finds and calls the operator's function, on AWS or on the local stack."""

import getpass
import json
import socket
from argparse import Namespace
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from deploy_proof.live import Outputs
from local_stack import state_dir
from local_stack.cloud.process import CREDENTIALS

NAME = "Operator"
"""The function's name in SST and in the wiring."""

# The function has 60 s. Without retries, because a redrive that timed out may still have run.
TIMEOUTS = Config(connect_timeout=5, read_timeout=65, retries={"total_max_attempts": 1})


class CannotCallError(Exception):
    """The function cannot be found or called, or it refused. The message is for the operator."""


@dataclass(frozen=True, slots=True)
class OperatorFunction:
    """The operator's function with a client for it."""

    client: Any
    name: str
    requested_by: str
    """The identity recorded with each redrive."""

    def __call__(self, **command: object) -> dict[str, Any]:
        """Send a command, without the parts that are ``None``, and return the answer. Raises CannotCallError."""
        given = {name: value for name, value in command.items() if value is not None}
        try:
            answer = self.client.invoke(FunctionName=self.name, Payload=json.dumps(given).encode())
            body = json.loads(answer["Payload"].read())
        except (ClientError, BotoCoreError, ValueError) as exc:
            raise CannotCallError(f"{self.name} cannot be called: {exc}") from exc
        if answer.get("FunctionError"):
            raise CannotCallError(f"{self.name} failed: {body.get('errorType')}: {body.get('errorMessage')}")
        if refused := body.get("refused"):
            raise CannotCallError("; ".join(f"{at['pointer']}: {at['detail']}" for at in refused))
        return dict(body)


def find(options: Namespace) -> OperatorFunction:
    """The function of the deployed stage, or of the running local stack. Raises CannotCallError."""
    return _deployed(options) if options.stage else _local(options)


def _deployed(options: Namespace) -> OperatorFunction:
    name, region = options.function, options.region
    if not name:
        try:
            outputs = Outputs.read(options.root)
        except (OSError, ValueError, KeyError) as exc:
            raise CannotCallError(
                f"this checkout has no outputs of a deploy ({exc}): pass --function NAME and --region REGION"
            ) from exc
        name, region = outputs.operator, region or outputs.region
        if f"-{options.stage}-" not in name:
            raise CannotCallError(
                f"the outputs of this checkout belong to another stage ({name or 'no function'}): pass --function NAME"
            )
    try:
        session = boto3.Session(region_name=region)
        requested_by = session.client("sts", config=TIMEOUTS).get_caller_identity()["Arn"]
        return OperatorFunction(session.client("lambda", config=TIMEOUTS), name, requested_by)
    except (ClientError, BotoCoreError) as exc:
        raise CannotCallError(f"AWS refused the credentials: {exc}") from exc


def _local(options: Namespace) -> OperatorFunction:
    stacks = [json.loads(file.read_text()) for file in state_dir.running()]
    if options.endpoint_url:
        stacks = [stack for stack in stacks if stack["lambda_endpoint_url"] == options.endpoint_url]
    if not stacks:
        raise CannotCallError("no local stack is running: start ./scripts/local.sh, or pass --stage STAGE")
    if len(stacks) > 1:
        urls = "\n".join(f"  --endpoint-url {stack['lambda_endpoint_url']}" for stack in stacks)
        raise CannotCallError(f"several local stacks are running: pass one of these before the command:\n{urls}")
    stack = stacks[0]
    if NAME not in stack["functions"]:
        raise CannotCallError(
            f"the wiring of the local stack has no {NAME}: regenerate it with ./scripts/stack-docs.sh"
        )
    client = boto3.client(
        "lambda",
        endpoint_url=stack["lambda_endpoint_url"],
        region_name=stack["region"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=TIMEOUTS,
    )
    return OperatorFunction(client, stack["functions"][NAME], f"{getpass.getuser()}@{socket.gethostname()}")
