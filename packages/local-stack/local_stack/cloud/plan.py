"""The plan that the moto process reads from stdin: resources to create, and their names."""

from collections.abc import Mapping

from pydantic import BaseModel

from local_stack import resources as r
from local_stack.wiring import ACCOUNT_ID, Wiring, secret_arn


class PlannedSecret(BaseModel):
    name: str
    arn: str
    value: str


class PlannedParameter(BaseModel):
    name: str
    type: str
    value: str


class PlannedQueue(BaseModel):
    name: str
    attributes: dict[str, str]


class CloudPlan(BaseModel):
    account_id: str = ACCOUNT_ID
    region: str
    queues: list[PlannedQueue]
    buckets: list[str]
    parameters: list[PlannedParameter]
    secrets: list[PlannedSecret]


def plan(wiring: Wiring, secret_values: Mapping[str, str]) -> CloudPlan:
    """`secret_values` by the secrets' logical names."""
    queues = wiring.of_type(r.Queue).values()
    return CloudPlan(
        region=wiring.region,
        # A queue's redrive policy names its dead-letter queue, which therefore comes first.
        queues=[_queue(q) for q in sorted(queues, key=lambda q: q.redrive_policy is not None)],
        buckets=[b.bucket for b in wiring.of_type(r.Bucket).values()],
        parameters=[
            PlannedParameter(name=p.name, type=p.type, value=p.value) for p in wiring.of_type(r.Parameter).values()
        ],
        secrets=[
            PlannedSecret(name=s.name, arn=secret_arn(wiring.region, s.name), value=secret_values[name])
            for name, s in wiring.of_type(r.Secret).items()
        ],
    )


def _queue(queue: r.Queue) -> PlannedQueue:
    attributes = {
        "VisibilityTimeout": str(queue.visibility_timeout_seconds),
        "MessageRetentionPeriod": str(queue.message_retention_seconds),
        "DelaySeconds": str(queue.delay_seconds),
        "ReceiveMessageWaitTimeSeconds": str(queue.receive_wait_time_seconds),
        "MaximumMessageSize": str(queue.max_message_size),
        "SqsManagedSseEnabled": str(queue.sqs_managed_sse_enabled).lower(),
    }
    if queue.redrive_policy:
        attributes["RedrivePolicy"] = queue.redrive_policy.model_dump_json(by_alias=True)
    return PlannedQueue(name=queue.name, attributes=attributes)
