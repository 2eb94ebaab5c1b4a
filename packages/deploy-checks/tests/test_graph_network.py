"""Rules for network paths and for the order of the deploy: each case changes one property of a recorded graph."""

from collections.abc import Callable

import pytest
from deploy_checks.checks import graph_network, graph_order
from deploy_checks.rules import Rule

from tests.support.graphs import Recorded, findings, findings_of, recorded

CHECKS = (*graph_network.CHECKS, *graph_order.CHECKS)

ENDPOINTS = ("SecretsEndpoint", "ParametersEndpoint", "SqsEndpoint", "BedrockEndpoint")


def public_subnets(graph: Recorded) -> None:
    subnets = [graph.resource(f"VpcPublicSubnet{number}")["id"] for number in (1, 2)]
    graph["ApiHandlerFunction"]["vpcConfig"]["subnetIds"] = subnets


def in_vpc_172(graph: Recorded) -> None:
    """Change the VPC's addresses, but not those in the security group's rules."""
    graph["DatabaseSecurityGroup"]["ingress"] = [
        {"fromPort": 5432, "toPort": 5432, "protocol": "tcp", "cidrBlocks": ["10.0.0.0/8"]}
    ]
    for number in (1, 2):
        graph[f"VpcPrivateSubnet{number}"]["cidrBlock"] = f"172.31.{number}.0/24"


def nat(graph: Recorded) -> None:
    """Replace the endpoints by a NAT gateway."""
    graph.drop(*ENDPOINTS, "S3Endpoint")
    for number in (1, 2):
        graph[f"VpcPrivateRouteTable{number}"]["routes"] = [{"cidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"}]


def half_a_nat(graph: Recorded) -> None:
    nat(graph)
    graph["VpcPrivateRouteTable2"]["routes"] = []


def swap_endpoint_group(graph: Recorded) -> None:
    """Give the endpoints the database's security group, which allows only port 5432."""
    for name in ENDPOINTS:
        graph[name]["securityGroupIds"] = [graph.resource("DatabaseSecurityGroup")["id"]]


def public_route_tables(graph: Recorded) -> None:
    tables = [graph.resource(f"VpcPublicRouteTable{number}")["id"] for number in (1, 2)]
    graph["S3Endpoint"]["routeTableIds"] = tables


def database_port(graph: Recorded) -> None:
    graph["DatabaseInstance"]["port"] = 6543
    graph["ApiHandlerFunction"]["environment"]["variables"]["DB_PORT"] = "6543"


def acl_without_rules(graph: Recorded) -> None:
    subnets = [graph.resource(f"VpcPrivateSubnet{number}")["id"] for number in (1, 2)]
    graph.add("VpcVpc", "Acl", subnetIds=subnets, ingress=[], egress=[])
    graph.resource("Acl")["type"] = "aws:ec2/networkAcl:NetworkAcl"


CASES: list[tuple[Callable[[Recorded], object], Rule, str, str]] = [
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
    (public_route_tables, "service-out-of-reach", "infra/endpoints.ts", "route table"),
    (
        lambda g: g["SecretsEndpoint"].update(serviceName="com.amazonaws.eu-west-1.secretsmanager"),
        "service-out-of-reach",
        "infra/endpoints.ts",
        "secretsmanager",
    ),
    (
        lambda g: g["SecretsEndpoint"].update(serviceName="com.amazonaws.us-east-1.secrets-manager"),
        "service-out-of-reach",
        "infra/endpoints.ts",
        "secretsmanager",
    ),
    (database_port, "database-out-of-reach", "infra/database.ts", "6543"),
    (acl_without_rules, "network-acl-denies", "infra/network.ts", "no ingress rule"),
]


@pytest.mark.parametrize(("change", "rule", "file", "text"), CASES)
def test_change_is_reported(change: Callable[[Recorded], object], rule: Rule, file: str, text: str) -> None:
    graph = recorded()
    change(graph)
    found = findings_of(rule, CHECKS, graph)
    assert any(finding.file == file and text in finding.message for finding in found), found


@pytest.mark.parametrize("stage", ["dev", "staging"])
def test_recorded_graph_has_no_findings(stage: str) -> None:
    assert findings(CHECKS, recorded(stage)) == []


def test_nat_gateway_replaces_all_endpoints() -> None:
    graph = recorded()
    nat(graph)
    assert findings(graph_network.CHECKS, graph) == []


def test_endpoints_in_one_zone_serve_all_subnets() -> None:
    graph = recorded()
    assert len(graph["SqsEndpoint"]["subnetIds"]) == 1
    assert findings(graph_network.CHECKS, graph) == []


def test_security_group_rules_may_be_separate_resources() -> None:
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
