"""Where the operator's function is, and how it is called: on AWS and on the local stack by the same boto3."""

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
"""SST's name for it, and the wiring's."""

# The function's 60 s, and no second try by itself: the caller sees what became of the first.
WAITS = Config(connect_timeout=5, read_timeout=65, retries={"total_max_attempts": 1})


class CannotCallError(Exception):
    """For the operator to read."""


@dataclass(frozen=True, slots=True)
class OperatorFunction:
    """The function, ready to be called."""

    client: Any
    name: str
    who: str
    """Who calls, as the audit is told."""

    def __call__(self, **order: object) -> dict[str, Any]:
        """What it answers. Raises CannotCallError."""
        given = {name: value for name, value in order.items() if value is not None}
        try:
            answer = self.client.invoke(FunctionName=self.name, Payload=json.dumps(given).encode())
            body = json.loads(answer["Payload"].read())
        except (ClientError, BotoCoreError, ValueError) as fault:
            raise CannotCallError(f"{self.name} cannot be called: {fault}") from fault
        if answer.get("FunctionError"):
            raise CannotCallError(f"{self.name} failed: {body.get('errorType')}: {body.get('errorMessage')}")
        if refused := body.get("refused"):
            raise CannotCallError("; ".join(f"{at['pointer']}: {at['detail']}" for at in refused))
        return dict(body)


def find(options: Namespace) -> OperatorFunction:
    """Raises CannotCallError."""
    return _deployed(options) if options.stage else _local(options)


def _deployed(options: Namespace) -> OperatorFunction:
    name, region = options.function, options.region
    if not name:
        try:
            outputs = Outputs.read(options.root)
        except (OSError, ValueError, KeyError) as fault:
            raise CannotCallError(
                f"no outputs of a deploy here ({fault}): give --function NAME and --region REGION"
            ) from fault
        name, region = outputs.operator, region or outputs.region
        if f"-{options.stage}-" not in name:
            raise CannotCallError(
                f"the outputs here are of another stage ({name or 'without the function'}): give --function NAME"
            )
    try:
        session = boto3.Session(region_name=region)
        who = session.client("sts", config=WAITS).get_caller_identity()["Arn"]
        return OperatorFunction(session.client("lambda", config=WAITS), name, who)
    except (ClientError, BotoCoreError) as fault:
        raise CannotCallError(f"AWS does not let you: {fault}") from fault


def _local(options: Namespace) -> OperatorFunction:
    stacks = [json.loads(file.read_text()) for file in state_dir.running()]
    if options.endpoint_url:
        stacks = [stack for stack in stacks if stack["lambda_endpoint_url"] == options.endpoint_url]
    if not stacks:
        raise CannotCallError("no local stack runs here: start ./scripts/local.sh, or say --stage STAGE")
    if len(stacks) > 1:
        urls = "\n".join(f"  --endpoint-url {stack['lambda_endpoint_url']}" for stack in stacks)
        raise CannotCallError(f"several local stacks run; say which, before the command:\n{urls}")
    stack = stacks[0]
    if NAME not in stack["functions"]:
        raise CannotCallError(f"the local stack's wiring has no {NAME}: ./scripts/stack-docs.sh renews it")
    client = boto3.client(
        "lambda",
        endpoint_url=stack["lambda_endpoint_url"],
        region_name=stack["region"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=WAITS,
    )
    return OperatorFunction(client, stack["functions"][NAME], f"{getpass.getuser()}@{socket.gethostname()}")
