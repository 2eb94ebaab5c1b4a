"""Read-only requests to the AWS account of the deploy. Without credentials, none is made."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from stack_graph.graph import Rehearsed
from stack_graph.stages import account_variable, alarm_variable

from deploy_checks.finding import Finding, NotChecked, Verdict, finding_at
from deploy_checks.product import manifest_of

WAITS = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})

QUESTIONS = {
    "identity": "that the credentials are for the stage's AWS account",
    "models": "that the account may use the models, and that their inference profiles exist",
    "concurrency": "that Lambda's concurrency limit covers the reserved concurrency",
    "bedrock_quotas": "that Bedrock's quotas for the models are above zero",
    "endpoints": "that AWS offers its private endpoints in the zones",
    "database": "that RDS offers this instance class with this engine version",
    "secrets": "that no secret of the same name is scheduled for deletion",
    "state_lock": "that no other deploy holds SST's lock on the stage",
}
"""Facts that only the account knows, by the method that requests them."""


class Account:
    """The account behind the machine's credentials."""

    def __init__(self, client: Callable[[str], Any], *, credentials: bool = True) -> None:
        self._client = client
        self._credentials = credentials
        self.unchecked: dict[str, str] = {} if credentials else dict.fromkeys(QUESTIONS, "no AWS credentials")

    def findings(self, rehearsed: Rehearsed) -> Iterator[Finding]:
        """The findings of each request. Those that are refused or not answered are recorded in ``unchecked``."""
        if self._credentials:
            yield from _recipient(rehearsed)
        for name in QUESTIONS if self._credentials else ():
            try:
                yield from getattr(self, name)(rehearsed)
            except ClientError as exc:
                code = str(exc.response.get("Error", {}).get("Code", ""))
                if name == "identity":
                    message = f"AWS refuses the credentials ({code}): the deploy would stop at its first call"
                    yield Finding("credentials-refused", "high", "sst.config.ts", 1, message, "Sign in again")
                self.unchecked[name] = code
            except BotoCoreError as exc:
                self.unchecked[name] = type(exc).__name__
            if name == "identity" and name in self.unchecked:
                self.unchecked = dict.fromkeys(QUESTIONS, self.unchecked[name])
                return

    def identity(self, rehearsed: Rehearsed) -> Iterator[Finding]:
        variable = account_variable(rehearsed.root, rehearsed.stage)
        expected = os.environ.get(variable or "")
        actual = self._client("sts").get_caller_identity()["Account"]
        if expected and actual != expected:
            message = (
                f"The credentials are for another AWS account than {variable} names: the provider refuses to deploy"
            )
            yield Finding(
                "account-differs", "high", "project.config.ts", 1, message, f"Sign in to {variable}'s account"
            )

    def models(self, rehearsed: Rehearsed) -> Iterator[Finding]:
        catalogue = manifest_of(rehearsed).file("catalogue")
        bedrock = self._client("bedrock")
        pages = bedrock.get_paginator("list_inference_profiles").paginate()
        there = {profile["inferenceProfileId"] for page in pages for profile in page["inferenceProfileSummaries"]}
        for profile in _profiles(rehearsed):
            if profile not in there:
                message = f"The account has no inference profile {profile} in this region: calls of it fail"
                yield Finding("profile-missing", "critical", catalogue, 1, message, "Use one that the region has")
                continue
            model = re.sub(r"^(global|us|eu|apac|jp|au|ca)\.", "", profile)
            status = bedrock.get_foundation_model_availability(modelId=model)
            agreed = status.get("agreementAvailability", {}).get("status", "AVAILABLE")
            if status["authorizationStatus"] != "AUTHORIZED" or agreed not in ("AVAILABLE", "PENDING"):
                message = f"The account may not use {model} yet: calls fail with AccessDeniedException"
                fix = "Enable the model in Bedrock's console; Anthropic's models require a use case form once"
                yield Finding("model-access-missing", "critical", catalogue, 1, message, fix)

    def concurrency(self, rehearsed: Rehearsed) -> Iterator[Finding]:
        limit = self._client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
        functions = [function for function, _ in rehearsed.functions()]
        reserved = sum(function.number("reservedConcurrentExecutions", 0) for function in functions)
        sources = rehearsed.graph.of_type("aws:lambda/eventSourceMapping:EventSourceMapping")
        most = sum(source.part("scalingConfig").number("maximumConcurrency", 0) for source in sources)
        if (reserved and reserved + 100 > limit) or most >= limit:  # Lambda keeps 100 unreserved
            message = (
                f"Lambda's limit is {limit} concurrent executions: {reserved} are reserved, the queue may use {most}"
            )
            fix = "Request a higher limit in Service Quotas, or lower concurrency in project.config.ts"
            yield Finding("lambda-quota-low", "high", "project.config.ts", 1, message, fix)

    def bedrock_quotas(self, rehearsed: Rehearsed) -> Iterator[Finding]:
        manifest = manifest_of(rehearsed)
        listed = (manifest.section("models") or {"models": ()})["models"]
        used = {model["name"] for model in listed if model["id"] in _profiles(rehearsed)}
        pages = self._client("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="bedrock")
        for quota in (quota for page in pages for quota in page["Quotas"]):
            name = quota["QuotaName"]
            if (
                quota["Value"] == 0
                and "per minute" in name
                and any(re.search(rf"{re.escape(n)}( V\d)?$", name) for n in used)
            ):
                message = f"Bedrock's quota is 0: {name}. Every such call is throttled, so jobs wait until they fail"
                fix = "Request a higher quota in Service Quotas"
                yield Finding("bedrock-quota-zero", "medium", manifest.file("catalogue"), 1, message, fix)

    def endpoints(self, rehearsed: Rehearsed) -> Iterator[Finding]:
        graph = rehearsed.graph
        interfaces = {
            str(endpoint.value("serviceName")): endpoint
            for endpoint in graph.of_type("aws:ec2/vpcEndpoint:VpcEndpoint")
            if endpoint.value("vpcEndpointType") == "Interface"
        }
        if not interfaces:
            return
        zones = {subnet.id: str(subnet.value("availabilityZone")) for subnet in graph.of_type("aws:ec2/subnet:Subnet")}
        named = [{"Name": "service-name", "Values": sorted(interfaces)}]
        details = self._client("ec2").describe_vpc_endpoint_services(Filters=named)["ServiceDetails"]
        offered = {service["ServiceName"]: service["AvailabilityZones"] for service in details}
        for service, endpoint in interfaces.items():
            own = {zones[subnet] for subnet in endpoint.texts("subnetIds") if subnet in zones}
            if missing := sorted(own.difference(offered.get(service, ()))):
                message = f"AWS has no endpoint of {service} in {', '.join(missing)}: the deploy fails"
                there = ", ".join(sorted(offered.get(service, ()))) or "none in this region"
                fix = f"Set network.zones in project.config.ts to zones that have it: {there}"
                yield finding_at(endpoint, "endpoint-zone-missing", "high", message, fix)

    def database(self, rehearsed: Rehearsed) -> Iterator[Finding]:
        rds = self._client("rds")
        for database in rehearsed.graph.of_type("aws:rds/instance:Instance"):
            engine, version = str(database.value("engine")), str(database.value("engineVersion"))
            offered = rds.describe_db_engine_versions(Engine=engine, EngineVersion=version)["DBEngineVersions"]
            instance = str(database.value("instanceClass"))
            exact = offered[-1]["EngineVersion"] if offered else version
            query = {"Engine": engine, "EngineVersion": exact, "DBInstanceClass": instance}
            if not offered or not rds.describe_orderable_db_instance_options(**query)["OrderableDBInstanceOptions"]:
                message = f"RDS does not offer {engine} {version} on {instance} in this region: the deploy fails"
                fix = "Choose another instance in project.config.ts, or another version in infra/database.ts"
                yield Finding("database-not-orderable", "high", database.file, database.line, message, fix)

    def secrets(self, rehearsed: Rehearsed) -> Iterator[Finding]:
        pages = self._client("secretsmanager").get_paginator("list_secrets").paginate(IncludePlannedDeletion=True)
        leaving = {secret["Name"] for page in pages for secret in page["SecretList"] if secret.get("DeletedDate")}
        for secret in rehearsed.graph.of_type("aws:secretsmanager/secret:Secret"):
            if secret.value("name") in leaving:
                message = (
                    f"A secret named {secret.value('name')} is scheduled for deletion: the name cannot be reused yet"
                )
                fix = "Restore or purge the old secret, or give the new one another name"
                yield Finding("secret-pending-deletion", "high", secret.file, secret.line, message, fix)

    def state_lock(self, rehearsed: Rehearsed) -> Iterator[Finding]:
        try:
            bootstrap = self._client("ssm").get_parameter(Name="/sst/bootstrap")["Parameter"]["Value"]
        except ClientError as exc:
            if exc.response.get("Error", {}).get("Code") == "ParameterNotFound":
                return  # no stage was ever deployed to this account
            raise
        key = f"lock/{rehearsed.graph.data['app']}/{rehearsed.stage}.json"
        locks = self._client("s3").list_objects_v2(Bucket=json.loads(bootstrap)["state"], Prefix=key).get("KeyCount", 0)
        if locks:
            message = f"Another deploy of {rehearsed.stage} is running, or one was interrupted: SST stops with `Locked`"
            fix = f"Wait for it, or run npx sst unlock --stage {rehearsed.stage}"
            yield Finding("stage-locked", "high", "sst.config.ts", 1, message, fix)


def _recipient(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The recipient of alarms: a variable of the environment in which the stage is deployed, as the account is."""
    variable = alarm_variable(rehearsed.root, rehearsed.stage)
    if variable and not os.environ.get(variable) and not rehearsed.graph.development:
        message = f"The deploy will fail: the alarms of {rehearsed.stage} have no recipient, {variable} is not set"
        fix = f"Set {variable} to the e-mail address that alarms go to"
        yield Finding("alarms-without-recipient", "high", "project.config.ts", 1, message, fix)


def _profiles(rehearsed: Rehearsed) -> list[str]:
    """The inference profiles that the functions' roles may invoke."""
    roles = json.dumps([role.inputs for role in rehearsed.graph.of_type("aws:iam/role:Role")])
    return sorted(set(re.findall(r"inference-profile/([a-z0-9.:-]+)", roles)))


@cache
def _account(root: Path, region: str) -> Account:  # noqa: ARG001 - part of the cache's key
    session = boto3.Session(region_name=region or None)
    credentials = None
    with suppress(BotoCoreError):  # such as a profile that does not exist
        credentials = session.get_credentials()
    return Account(lambda service: session.client(service, config=WAITS), credentials=credentials is not None)  # type: ignore[call-overload]


def account_checks(rehearsed: Rehearsed) -> Iterator[Verdict]:
    """The account's findings, and the facts that it was not asked for or did not return."""
    account = _account(rehearsed.root, str(rehearsed.graph.data.get("region", "")))
    yield from account.findings(rehearsed)
    for name, why in account.unchecked.items():
        yield NotChecked(QUESTIONS[name], why)
