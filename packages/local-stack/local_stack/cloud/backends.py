"""moto's four backends, imported without the rest of moto, and filled from the plan.

moto's Parameter Store imports its EC2, which reads 0.8 s worth of instance types, only to find the targets of
SendCommand. Nothing here has instances, so an empty module replaces it before the import.
"""

import sys
import types
import uuid

if "moto.ec2" not in sys.modules:
    _no_ec2 = types.ModuleType("moto.ec2")
    setattr(_no_ec2, "ec2_backends", {})  # noqa: B010 - a module type declares no such attribute
    sys.modules["moto.ec2"] = _no_ec2

from moto.backends import SERVICE_NAMES
from moto.core.exceptions import ServiceException
from moto.s3.models import S3Backend, s3_backends
from moto.secretsmanager.models import SecretsManagerBackend, secretsmanager_backends
from moto.sqs.models import SQSBackend, sqs_backends
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends

from local_stack.cloud.plan import CloudPlan, PlannedParameter, PlannedSecret

SERVICES: tuple[SERVICE_NAMES, ...] = ("s3", "sqs", "ssm", "secretsmanager")


class Backends:
    def __init__(self, plan: CloudPlan) -> None:
        account, region = plan.account_id, plan.region
        self.plan = plan
        self.s3: S3Backend = s3_backends[account]["aws"]
        self.sqs: SQSBackend = sqs_backends[account][region]
        self.ssm: SimpleSystemManagerBackend = ssm_backends[account][region]
        self.secrets: SecretsManagerBackend = secretsmanager_backends[account][region]

    def create_planned(self) -> None:
        for queue in self.plan.queues:
            self.sqs.create_queue(queue.name, tags=None, **queue.attributes)
        for bucket in self.plan.buckets:
            self.s3.create_bucket(bucket, self.plan.region)
        for parameter in self.plan.parameters:
            self.put_parameter(parameter, parameter.value)
        for secret in self.plan.secrets:
            self._create_secret(secret)

    def put_parameter(self, parameter: PlannedParameter, value: str) -> None:
        self.ssm.put_parameter(
            name=parameter.name,
            description="",
            value=value,
            parameter_type=parameter.type,
            allowed_pattern="",
            keyid="alias/aws/ssm" if parameter.type == "SecureString" else "",
            overwrite=self.parameter_value(parameter.name) is not None,
            tags=[],
            data_type="text",
            tier="Standard",
            policies=None,
        )

    def parameter_value(self, name: str) -> str | None:
        found = self.ssm.get_parameter(name)
        return found.decrypt(found.value) if found else None

    def put_secret(self, secret: PlannedSecret, value: str) -> None:
        self.secrets.put_secret_value(
            secret.name,
            secret_string=value,
            secret_binary="",
            client_request_token=str(uuid.uuid4()),
            version_stages=["AWSCURRENT"],
        )

    def secret_value(self, name: str) -> str | None:
        try:
            value: str | None = self.secrets.get_secret_value(name, "", "").get("SecretString")
        except ServiceException:  # deleted by a client
            return None
        return value

    def _create_secret(self, secret: PlannedSecret) -> None:
        self.secrets.create_secret(
            name=secret.name,
            secret_string=secret.value,
            secret_binary=None,
            description=None,
            tags=None,
            kms_key_id=None,
            client_request_token=None,
            replica_regions=[],
            force_overwrite=False,
        )
        # The functions' environment was made from the planned ARN, before moto could draw a random one.
        self.secrets.secrets[secret.name].arn = secret.arn
