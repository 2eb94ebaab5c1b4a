"""The rules about ways through the VPC, each on a recorded graph with one thing changed."""

from collections.abc import Callable

import pytest
from deploy_checks.checks import graph_network, graph_order

from tests.support.graphs import Recorded, findings, recorded

CHECKS = (*graph_network.CHECKS, *graph_order.CHECKS)

ENDPOINTS = ("SecretsEndpoint", "ParametersEndpoint", "SqsEndpoint", "BedrockEndpoint")


def public_subnets(graph: Recorded) -> None:
    subnets = [graph.resource(f"VpcPublicSubnet{number}")["id"] for number in (1, 2)]
    graph["ApiHandlerFunction"]["vpcConfig"]["subnetIds"] = subnets


def in_vpc_172(graph: Recorded) -> None:
    """The rules keep the addresses of the usual VPC, and the VPC has others."""
    graph["DatabaseSecurityGroup"]["ingress"] = [
        {"fromPort": 5432, "toPort": 5432, "protocol": "tcp", "cidrBlocks": ["10.0.0.0/8"]}
    ]
    for number in (1, 2):
        graph[f"VpcPrivateSubnet{number}"]["cidrBlock"] = f"172.31.{number}.0/24"


def nat(graph: Recorded) -> None:
    """Another way out, for which the endpoints are not needed."""
    graph.drop(*ENDPOINTS, "S3Endpoint")
    for number in (1, 2):
        graph[f"VpcPrivateRouteTable{number}"]["routes"] = [{"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}]


def half_a_nat(graph: Recorded) -> None:
    nat(graph)
    graph["VpcPrivateRouteTable2"]["routes"] = []


def swap_endpoint_group(graph: Recorded) -> None:
    """The endpoints get the database's group, which knows port 5432 alone."""
    for name in ENDPOINTS:
        graph[name]["securityGroupIds"] = [graph.resource("DatabaseSecurityGroup")["id"]]


CASES: list[tuple[Callable[[Recorded], object], str, str, str]] = [
    (lambda g: g.drop("BedrockEndpoint"), "service-out-of-reach", "infra/endpoints.ts", "bedrock-runtime"),
    (lambda g: g.drop("SqsEndpoint"), "service-out-of-reach", "infra/endpoints.ts", "sqs"),
    (lambda g: g.drop("SecretsEndpoint"), "service-out-of-reach", "infra/endpoints.ts", "secretsmanager"),
    (lambda g: g.drop("ParametersEndpoint"), "service-out-of-reach", "infra/endpoints.ts", "ssm"),
    (lambda g: g.drop("S3Endpoint"), "service-out-of-reach", "infra/endpoints.ts", "s3"),
    (half_a_nat, "service-out-of-reach", "infra/network.ts", "VpcPrivateSubnet2 has no NAT"),
    (lambda g: g["S3Endpoint"]["routeTableIds"].pop(), "service-out-of-reach", "infra/endpoints.ts", "route table"),
    (
        lambda g: g["BedrockEndpoint"].update(privateDnsEnabled=False),
        "service-out-of-reach",
        "infra/endpoints.ts",
        "private DNS",
    ),
    (
        lambda g: g["BedrockEndpoint"].update(serviceName="com.amazonaws.us-east-1.bedrock"),
        "service-out-of-reach",
        "infra/endpoints.ts",
        "bedrock-runtime",
    ),
    (
        lambda g: g["VpcVpc"].update(enableDnsHostnames=False),
        "service-out-of-reach",
        "infra/network.ts",
        "DNS host names",
    ),
    (swap_endpoint_group, "service-out-of-reach", "infra/database.ts", "no ingress to port 443"),
    (
        lambda g: g["EndpointSecurityGroup"].update(ingress=[]),
        "service-out-of-reach",
        "infra/endpoints.ts",
        "no ingress to port 443",
    ),
    (
        lambda g: g["FunctionSecurityGroup"]["egress"].pop(0),
        "service-out-of-reach",
        "infra/network.ts",
        "no egress to port 443",
    ),
    (
        lambda g: g["FunctionSecurityGroup"]["egress"].pop(1),
        "database-out-of-reach",
        "infra/network.ts",
        "does not allow egress of",
    ),
    (
        lambda g: g["DatabaseSecurityGroup"].update(ingress=[]),
        "database-out-of-reach",
        "infra/database.ts",
        "does not allow ingress from",
    ),
    (in_vpc_172, "database-out-of-reach", "infra/database.ts", "does not allow ingress from"),
    (public_subnets, "function-in-public-subnet", "infra/jobs/api.ts", "VpcPublicSubnet1"),
    (
        lambda g: g["ApiHandlerFunction"]["vpcConfig"].update(securityGroupIds=[]),
        "function-without-security-group",
        "infra/jobs/api.ts",
        "ApiHandler",
    ),
    (lambda g: g["SweeperFunction"].pop("vpcConfig"), "function-outside-vpc", "infra/jobs/sweeper.ts", "Sweeper"),
    (
        lambda g: g["Migration"].update(triggers={}),
        "migration-not-triggered",
        "infra/migration.ts",
        "Only the first deploy",
    ),
    (lambda g: g["Migration"].update(input="now"), "invocation-input", "infra/migration.ts", "json"),
    (lambda g: g.drop("Migration"), "schema-never-applied", "infra/migration.ts", "relation"),
    (
        lambda g: g.resource("ApiHandlerFunction").update(dependencies=[]),
        "release-before-migration",
        "infra/jobs/api.ts",
        "ApiHandler",
    ),
    (
        lambda g: g.resource("Migration").update(dependencies=[g.resource("DatabaseInstance")["urn"]]),
        "invocation-too-early",
        "infra/migration.ts",
        "SecretsEndpoint",
    ),
    (
        lambda g: g["Migration"].update(functionName="migrator"),
        "invocation-of-nothing",
        "infra/migration.ts",
        "migrator",
    ),
]


@pytest.mark.parametrize(("change", "rule", "file", "says"), CASES)
def test_a_closed_way_is_found(change: Callable[[Recorded], object], rule: str, file: str, says: str) -> None:
    graph = recorded()
    change(graph)
    found = [finding for finding in findings(CHECKS, graph) if finding.id == rule]
    assert any(finding.file == file and says in finding.message for finding in found), found


@pytest.mark.parametrize("stage", ["dev", "staging"])
def test_the_recorded_graph_is_in_order(stage: str) -> None:
    assert findings(CHECKS, recorded(stage)) == []


def test_a_nat_does_for_all_services() -> None:
    graph = recorded()
    nat(graph)
    assert findings(graph_network.CHECKS, graph) == []


def test_one_zone_of_endpoints_does_for_all_subnets() -> None:
    graph = recorded()
    assert len(graph["SqsEndpoint"]["subnetIds"]) == 1
    assert findings(graph_network.CHECKS, graph) == []


def test_rules_may_be_resources_of_their_own() -> None:
    graph = recorded()
    database, functions = graph.resource("DatabaseSecurityGroup")["id"], graph.resource("FunctionSecurityGroup")["id"]
    graph["DatabaseSecurityGroup"]["ingress"] = []
    graph.add(
        "SqsEndpoint",
        "Rule",
        securityGroupId=database,
        referencedSecurityGroupId=functions,
        ipProtocol="tcp",
        fromPort=5432,
        toPort=5432,
    )
    graph.resource("Rule")["type"] = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    assert findings(graph_network.CHECKS, graph) == []
