"""Rules for routes, storage, secrets and values: each case changes one property of a recorded graph."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deploy_checks.checks import (
    graph_api_stages,
    graph_browsers,
    graph_configuration,
    graph_denials,
    graph_exposure,
    graph_open_functions,
    graph_routes,
    graph_storage,
    graph_values,
)
from deploy_checks.checks.graph_values import proxies_are_trusted
from deploy_checks.rules import Rule
from stack_graph import manifest
from stack_graph.graph import Graph, Rehearsed
from stack_graph.wiring import wiring

from tests.support.graphs import ROOT, Recorded, findings, findings_of, recorded

CHECKS = (
    *graph_api_stages.CHECKS,
    *graph_browsers.CHECKS,
    *graph_denials.CHECKS,
    *graph_open_functions.CHECKS,
    *graph_configuration.CHECKS,
    *graph_exposure.CHECKS,
    *graph_routes.CHECKS,
    *graph_storage.CHECKS,
    *graph_values.CHECKS,
)

API, ROUTES, DATABASE = "infra/api.ts", "infra/jobs/api.ts", "infra/database.ts"
STORAGE, QUEUE, ENVIRONMENT = "infra/jobs/results.ts", "infra/jobs/queue.ts", "infra/jobs/environment.ts"
PARAMETERS, NETWORK, ENDPOINTS = "infra/parameters.ts", "infra/network.ts", "infra/endpoints.ts"
PRINCIPAL, RESOURCE = "aws:PrincipalAccount", "aws:ResourceAccount"

type Change = Callable[[Recorded], object]


def for_browsers(graph: Recorded, **changes: Any) -> None:
    """Allow calls from the pages of one origin."""
    sent = ["authorization", "content-type", "idempotency-key"]
    cors = {"allowOrigins": ["https://example.com"], "allowMethods": ["GET", "POST"], "allowHeaders": sent}
    graph["ApiApi"]["corsConfiguration"] = {**cors, **changes}


def preflight_with_credentials(graph: Recorded) -> None:
    """Require credentials on the default route, which answers preflight requests."""
    for_browsers(graph)
    graph["ApiRouteDefaultRoute"]["authorizationType"] = "AWS_IAM"


def denied_by_its_policy(graph: Recorded, name: str) -> None:
    """Deny everything by the resource's policy."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    graph[name]["policy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def only_of_account(graph: Recorded, name: str, *keys: str, account: str = "111122223333") -> None:
    """Allow only requests for which these condition keys have the account's id."""
    condition = {"StringEquals": dict.fromkeys(keys, account)}
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": condition}
    graph[name]["policy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def no_suffix(graph: Recorded, resource: str, **properties: Any) -> None:
    """Give the resource a fixed name instead of a generated one."""
    graph[resource].update(**properties)
    graph.resource(resource)["options"]["ignoreChanges"] = []


def rules(graph: Recorded, change: dict[str, Any]) -> None:
    graph["BusinessRules"]["insecureValue"] = json.dumps({"gap-optimization": change})


def wide_open(graph: Recorded, kind: str, name: str) -> None:
    policy = json.loads(graph[name]["policy"])
    policy["Statement"].append({"Effect": "Allow", "Principal": "*", "Action": f"{kind}:*", "Resource": "*"})
    graph[name]["policy"] = json.dumps(policy)


def no_password(graph: Recorded) -> None:
    graph["DatabaseProxySecretVersion"]["secretString"] = json.dumps({"username": "postgres"})


def another_password(graph: Recorded) -> None:
    version = graph.resource("DatabaseProxySecretVersion")
    version["propertyDependencies"]["secretString"] = ["urn:pulumi::random:index/randomPassword:RandomPassword::Other"]


def ingress(graph: Recorded, name: str) -> None:
    graph[name]["ingress"] = [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]


def behind_a_proxy(graph: Recorded) -> None:
    host = graph["DatabaseInstance"]["address"]
    graph.add("DatabaseInstance", "Proxy", endpoint=host, requireTls=True)
    graph.resource("Proxy")["type"] = "aws:rds/proxy:Proxy"


def variables(graph: Recorded, function: str) -> dict[str, str]:
    found: dict[str, str] = graph[function]["environment"]["variables"]
    return found


def proxy_without_tls(graph: Recorded) -> None:
    behind_a_proxy(graph)
    graph["Proxy"].update(requireTls=False)


def open_function_url(graph: Recorded) -> None:
    graph.add("ApiRouteStatusIntegration", "Url", authorizationType="NONE")
    graph.resource("Url")["type"] = "aws:lambda/functionUrl:FunctionUrl"


def swapped_parameters(graph: Recorded) -> None:
    for function in ("ApiHandlerFunction", "WorkerFunction"):
        of = variables(graph, function)
        config, rules = of["CONFIG_PARAMETER_NAME"], of["BUSINESS_RULES_PARAMETER_NAME"]
        of.update(CONFIG_PARAMETER_NAME=rules, BUSINESS_RULES_PARAMETER_NAME=config)


def credentials_of_the_worker(graph: Recorded) -> None:
    arn = variables(graph, "WorkerFunction")["DB_PASSWORD_SECRET_ARN"]
    variables(graph, "ApiHandlerFunction").update(DB_PASSWORD_SECRET_ARN=arn)


def denied_secret(graph: Recorded) -> None:
    graph.add("DatabaseProxySecret", "SecretPolicy", secretArn=graph["DatabaseProxySecret"]["arn"])
    graph.resource("SecretPolicy")["type"] = "aws:secretsmanager/secretPolicy:SecretPolicy"
    denied_by_its_policy(graph, "SecretPolicy")


DEV: list[tuple[Change, Rule, str]] = [
    (lambda g: g.drop("ApiRouteStatusRoute"), "missing-route", ROUTES),
    (lambda g: g["ApiRouteStatusRoute"].update(routeKey="GET /jobs/{id}"), "missing-route", ROUTES),
    (lambda g: g["ApiRouteStatusRoute"].update(routeKey="POST /analyze"), "duplicate-route", API),
    (lambda g: g["ApiRouteStatusRoute"].update(target="integrations/none"), "route-leads-nowhere", ROUTES),
    (lambda g: g["ApiRouteStatusIntegration"].update(integrationUri="arn:aws:x"), "route-leads-nowhere", ROUTES),
    (lambda g: g["ApiRouteStatusIntegration"].update(payloadFormatVersion="1.0"), "payload-version", ROUTES),
    (
        lambda g: g.drop(*(r["name"] for r in g.data["resources"] if r["name"].endswith("Permissions"))),
        "gateway-may-not-invoke",
        ROUTES,
    ),
    (lambda g: g["ApiRouteStatusRoute"].update(authorizationType="JWT"), "route-without-authorizer", ROUTES),
    (lambda g: g["ApiRouteStatusRoute"].update(authorizationType="JWT"), "route-without-scope", ROUTES),
    (lambda g: g["ApiApi"]["corsConfiguration"].update(allowOrigins=["*"]), "cors-for-every-page", API),
    (
        lambda g: g["ApiApi"]["corsConfiguration"].update(allowOrigins=["*"], allowCredentials=True),
        "cors-credentials",
        API,
    ),
    (lambda g: g["ApiStage"].pop("defaultRouteSettings"), "api-without-throttle", API),
    (lambda g: g["ApiStage"].pop("accessLogSettings"), "api-without-access-log", API),
    (lambda g: g.drop("ApiStage"), "api-not-deployed", API),
    (lambda g: g["ApiStage"].update(autoDeploy=False), "api-not-deployed", API),
    (lambda g: g.drop("DatabaseInstance"), "unknown-database", ROUTES),
    (lambda g: g.drop("SweeperLogGroup"), "logs-forever", "infra/jobs/sweeper.ts"),
    (lambda g: g.drop("JobsTlsOnly"), "queue-without-tls", QUEUE),
    (lambda g: g.drop("ResultsLifecycle"), "bucket-without-lifecycle", STORAGE),
    (lambda g: g["Config"].pop("insecureValue"), "parameter-does-not-fit", PARAMETERS),
    (lambda g: g["DatabaseInstance"].update(publiclyAccessible=True), "public-database", DATABASE),
    (lambda g: g["DatabaseInstance"].update(storageEncrypted=False), "unencrypted-database", DATABASE),
    (lambda g: g["DatabaseParameterGroup"]["parameters"][0].update(value="0"), "database-without-tls", DATABASE),
    (lambda g: g.drop("ResultsPublicAccessBlock"), "bucket-without-public-access-block", STORAGE),
    (
        lambda g: g["ResultsPublicAccessBlock"].update(blockPublicPolicy=False),
        "bucket-without-public-access-block",
        STORAGE,
    ),
    (lambda g: g.drop("ResultsEncryption"), "bucket-without-encryption", STORAGE),
    (
        lambda g: g["ResultsVersioning"].update(versioningConfiguration={"status": "Suspended"}),
        "bucket-without-versions",
        STORAGE,
    ),
    (lambda g: g.drop("ResultsPolicy"), "bucket-without-tls", STORAGE),
    (lambda g: wide_open(g, "s3", "ResultsPolicy"), "public-bucket", STORAGE),
    (lambda g: g["JobsQueue"].pop("sqsManagedSseEnabled"), "unencrypted-queue", QUEUE),
    (lambda g: wide_open(g, "sqs", "JobsTlsOnly"), "public-queue", QUEUE),
    (lambda g: ingress(g, "FunctionSecurityGroup"), "open-to-the-internet", NETWORK),
    (lambda g: g["ApiAccessLog"].pop("retentionInDays"), "logs-forever", API),
    (lambda g: g["DatabaseInstance"].update(engineVersion="16.4"), "withdrawn-database-version", DATABASE),
    (lambda g: g["DatabaseInstance"].update(engineVersion="17.4"), "withdrawn-database-version", DATABASE),
    (lambda g: g["DatabaseInstance"].update(engineVersion="16"), "parameter-group-family", DATABASE),
    (lambda g: g["DatabaseInstance"].update(username="admin"), "reserved-username", DATABASE),
    (lambda g: g["DatabaseInstance"].update(dbName="my-jobs"), "invalid-database-name", DATABASE),
    (lambda g: g["DatabaseInstance"].pop("dbName"), "no-database-name", DATABASE),
    (lambda g: g["DatabaseInstance"].update(dbName="jobs"), "other-database", ROUTES),
    (lambda g: g.data.update(region="mars-north-1"), "no-certificate-authority", DATABASE),
    (lambda g: g["DatabasePassword"].update(special=True), "password-characters", DATABASE),
    (
        lambda g: g["DatabasePassword"].update(special=True, overrideSpecial="!/"),
        "password-characters",
        DATABASE,
    ),
    (lambda g: g.drop("DatabaseProxySecretVersion"), "secret-without-value", DATABASE),
    (no_password, "secret-shape", DATABASE),
    (another_password, "secret-shape", DATABASE),
    (lambda g: g["ResultsBucket"].update(bucket="DAW-staging"), "invalid-bucket-name", STORAGE),
    (lambda g: no_suffix(g, "ResultsBucket"), "fixed-bucket-name", STORAGE),
    (lambda g: g["Config"].update(insecureValue="{"), "parameter-does-not-fit", PARAMETERS),
    (lambda g: g["Config"].update(insecureValue='{"llm":{"top_p":2}}'), "parameter-does-not-fit", "project.config.ts"),
    (lambda g: g["Config"].update(insecureValue='{"lm":{}}'), "parameter-does-not-fit", PARAMETERS),
    (lambda g: rules(g, {"max_no_shows": "many"}), "parameter-does-not-fit", "project.config.ts"),
    (lambda g: g["BusinessRules"].update(insecureValue='{"gaps":{}}'), "parameter-does-not-fit", PARAMETERS),
    (lambda g: denied_by_its_policy(g, "JobsTlsOnly"), "policy-denies", QUEUE),
    (lambda g: denied_by_its_policy(g, "SqsEndpoint"), "policy-denies", ENDPOINTS),
    (lambda g: only_of_account(g, "S3Endpoint", PRINCIPAL, account="444455556666"), "policy-denies", ENDPOINTS),
    (lambda g: only_of_account(g, "BedrockEndpoint", PRINCIPAL, RESOURCE), "policy-denies", ENDPOINTS),
    (
        lambda g: g["ApiHandlerFunction"]["environment"]["variables"].update(DB_NAME="[secret]"),
        "secret-in-environment",
        "infra/function.ts",
    ),
    (
        lambda g: g["SweeperFunction"].update(layers=["arn:aws:lambda:eu-west-1:111122223333:layer:a:1"]),
        "other-region",
        "infra/jobs/sweeper.ts",
    ),
    (lambda g: g["ApiRouteStatusPermissions"].update(principal="*", sourceArn=None), "open-function", ROUTES),
    (lambda g: for_browsers(g, allowMethods=["GET"]), "cors-method-missing", API),
    (lambda g: for_browsers(g, allowHeaders=["content-type"]), "cors-header-missing", API),
    (preflight_with_credentials, "preflight-refused", ROUTES),
    (lambda g: g["ApiApi"].update(disableExecuteApiEndpoint=True), "api-unreachable", API),
    (lambda g: g["ResultsLifecycle"]["rules"].pop(0), "bucket-without-lifecycle", STORAGE),
    (lambda g: g["BusinessRules"].update(insecureValue="[]"), "parameter-does-not-fit", PARAMETERS),
    (lambda g: g["Config"].update(insecureValue=" " * 5000), "parameter-too-large", PARAMETERS),
    (lambda g: g["Config"].update(name="/other"), "unknown-parameter", ROUTES),
    (proxy_without_tls, "proxy-without-tls", DATABASE),
    (open_function_url, "open-function-url", ROUTES),
    (swapped_parameters, "parameter-does-not-fit", ENVIRONMENT),
    (credentials_of_the_worker, "other-database", ROUTES),
    (denied_secret, "policy-denies", DATABASE),
    (
        lambda g: g["ApiRouteAnalyzeIntegration"].update(integrationUri=g["MigratorFunction"]["arn"]),
        "route-to-another-function",
        ROUTES,
    ),
    (lambda g: g["ApiRouteAnalyzeRoute"].update(routeKey="PUT /analyze"), "missing-route", ROUTES),
    (lambda g: g["ApiRouteStatusRoute"].update(routeKey="GET /status/{job}"), "missing-route", ROUTES),
    (
        lambda g: g["ApiStage"]["defaultRouteSettings"].update(throttlingRateLimit=0),
        "api-without-throttle",
        API,
    ),
    (
        lambda g: g["ResultsLifecycle"].update(rules=[{"status": "Disabled"}]),
        "bucket-without-lifecycle",
        STORAGE,
    ),
    (
        lambda g: g["WorkerJobs"].update(eventSourceArn=g["JobsQueue"]["arn"].replace("us-east-1", "eu-west-1")),
        "other-region",
        "infra/jobs/worker.ts",
    ),
]

STAGING: list[tuple[Change, Rule, str]] = [
    (lambda g: no_suffix(g, "DatabaseProxySecret", recoveryWindowInDays=30), "secret-name-stays-taken", DATABASE),
    (lambda g: g["ApiRouteAnalyzeRoute"].update(authorizationType="NONE"), "open-route", ROUTES),
    (lambda g: g["ApiRouteDefaultRoute"].update(authorizationType="NONE"), "open-route", ROUTES),
    (lambda g: g["DatabaseInstance"].update(backupRetentionPeriod=0), "too-few-backups", DATABASE),
]

PRODUCTION: list[tuple[Change, Rule, str]] = [
    (lambda g: g["DatabaseInstance"].update(deletionProtection=False), "no-deletion-protection", DATABASE),
    (lambda g: g["DatabaseInstance"].update(skipFinalSnapshot=True), "no-final-snapshot", DATABASE),
    (lambda g: g["ResultsBucket"].update(forceDestroy=True), "bucket-can-be-emptied", STORAGE),
    (lambda g: g["ApiCredentials"].update(recoveryWindowInDays=0), "secret-without-recovery", "infra/credentials.ts"),
    (lambda g: g["DatabaseProxySecret"].update(recoveryWindowInDays=0), "secret-without-recovery", DATABASE),
]

CASES = [
    (stage, *case)
    for stage, cases in (("dev", DEV), ("staging", [*DEV, *STAGING]), ("production", PRODUCTION))
    for case in cases
]


@pytest.mark.parametrize(("stage", "change", "rule", "file"), CASES)
def test_change_is_reported(stage: str, change: Change, rule: Rule, file: str) -> None:
    graph = recorded(stage)
    change(graph)
    found = findings_of(rule, CHECKS, graph)
    assert any(finding.file == file for finding in found), found


@pytest.mark.parametrize("stage", ["dev", "staging", "production"])
def test_recorded_graph_has_no_findings(stage: str) -> None:
    assert findings(CHECKS, recorded(stage)) == []


def test_endpoint_policies_may_require_the_account() -> None:
    graph = recorded()
    for name in ("SqsEndpoint", "SecretsEndpoint", "ParametersEndpoint", "S3Endpoint"):
        only_of_account(graph, name, PRINCIPAL, RESOURCE)
    only_of_account(graph, "BedrockEndpoint", PRINCIPAL)
    assert findings(CHECKS, graph) == []


def test_latest_minor_version_is_accepted() -> None:
    graph = recorded()
    graph["DatabaseInstance"]["engineVersion"] = "18.6"
    assert findings(CHECKS, graph) == []


def test_proxy_needs_its_certificate_authorities(tmp_path: Path) -> None:
    graph = recorded()
    behind_a_proxy(graph)
    assert list(proxies_are_trusted(Rehearsed(ROOT, "dev", Graph(graph.data), ()))) == []
    [missing] = proxies_are_trusted(Rehearsed(tmp_path, "dev", Graph(graph.data), ()))
    assert missing.id == "proxy-certificate-unknown"
    assert "is missing" in missing.message
    shutil.copytree(
        ROOT / "functions", tmp_path / "functions", ignore=shutil.ignore_patterns("proxy.pem", "__pycache__")
    )
    certificates = tmp_path / manifest.read(tmp_path).file("certificate_authorities")
    (certificates / "proxy.pem").write_bytes((certificates / "us-east-1.pem").read_bytes())
    [wrong] = proxies_are_trusted(Rehearsed(tmp_path, "dev", Graph(graph.data), ()))
    assert "does not have that" in wrong.message


def test_proxy_does_not_change_the_wiring() -> None:
    graph = recorded()
    before = wiring(Graph(graph.data))
    for name in ("ApiHandlerFunction", "WorkerFunction", "SweeperFunction"):
        graph[name]["environment"]["variables"]["DB_HOST"] = "db.proxy-abc123.us-east-1.rds.amazonaws.com"
    assert wiring(Graph(graph.data)) == before
