"""Who reaches whom inside the VPC: routes, endpoints and security groups, as the graph has them."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any

from pre_deploy.graph import Graph, Resource

GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
EVERYWHERE = ("0.0.0.0/0", "::/0")
HTTPS = 443


def by_id(graph: Graph, ids: Iterable[object]) -> list[Resource]:
    """The resources that AWS calls by these ids."""
    wanted = set(ids)
    return [resource for resource in graph.resources if resource.id in wanted]


def subnets(graph: Graph, function: Resource) -> list[Resource]:
    """A function's subnets; none for one outside of a VPC."""
    return by_id(graph, (function.value("vpcConfig") or {}).get("subnetIds") or ())


def groups(function: Resource) -> list[str]:
    """The ids of a function's security groups."""
    return list((function.value("vpcConfig") or {}).get("securityGroupIds") or ())


def route_table(graph: Graph, subnet: Resource) -> Resource | None:
    """The route table of a subnet; ``None`` for the VPC's main one."""
    for association in graph.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation"):
        if association.value("subnetId") == subnet.id:
            return next(iter(by_id(graph, [association.value("routeTableId")])), None)
    return None


def way_out(graph: Graph, subnet: Resource) -> str | None:
    """Where a subnet's default route leads: ``nat``, or ``internet`` where only public addresses get out."""
    table = route_table(graph, subnet)
    if table is None:
        return None
    routes = [dict(route) for route in table.value("routes") or []]
    for route in graph.of_type("aws:ec2/route:Route"):
        if route.value("routeTableId") == table.id:
            routes.append({**route.inputs, "cidrBlock": route.value("destinationCidrBlock")})
    for found in routes:
        if found.get("cidrBlock") == EVERYWHERE[0]:
            return "internet" if str(found.get("gatewayId") or "").startswith("igw-") else "nat"
    return None


def rules(graph: Graph, group_id: str, direction: str) -> Iterator[dict[str, Any]]:
    """The rules of a group, ``ingress`` or ``egress``, wherever the program writes them."""
    for group in (g for kind in GROUPS for g in graph.of_type(kind) if g.id == group_id):
        yield from group.value(direction) or ()
    for rule in graph.of_type("aws:ec2/securityGroupRule:SecurityGroupRule"):
        if rule.value("securityGroupId") == group_id and rule.value("type") == direction:
            source = rule.value("sourceSecurityGroupId")
            yield {**rule.inputs, "securityGroups": [source] if source else []}
    kind = "aws:vpc/securityGroup{0}Rule:SecurityGroup{0}Rule".format(direction.capitalize())
    for rule in graph.of_type(kind):
        if rule.value("securityGroupId") == group_id:
            peer, block = rule.value("referencedSecurityGroupId"), rule.value("cidrIpv4")
            yield {
                **rule.inputs,
                "protocol": rule.value("ipProtocol"),
                "securityGroups": [peer] if peer else [],
                "cidrBlocks": [block] if block else [],
            }


def lets_through(
    graph: Graph, group_ids: Iterable[str], direction: str, port: int, peers: Iterable[str], blocks: Iterable[str]
) -> bool:
    """Whether one of the groups lets TCP to ``port`` through, to or from one of the groups ``peers``.

    Or to or from the addresses ``blocks``: all of them.
    """
    others = set(peers)
    for group_id in group_ids:
        for rule in rules(graph, group_id, direction):
            protocol = str(rule.get("protocol"))
            whole = protocol in {"-1", "all"}
            low, high = rule.get("fromPort"), rule.get("toPort")
            ports = whole or (protocol in {"tcp", "6"} and low is not None and int(low) <= port <= int(high or low))
            named = others & set(rule.get("securityGroups") or ()) or (rule.get("self") and group_id in others)
            if ports and (named or _covers(rule.get("cidrBlocks") or (), list(blocks))):
                return True
    return False


def _covers(allowed: Iterable[str], blocks: list[str]) -> bool:
    nets = [ip_network(block, strict=False) for block in allowed]
    return bool(blocks) and all(any(_inside(block, net) for net in nets) for block in blocks)


def _inside(block: str, net: Any) -> bool:
    inner = ip_network(block, strict=False)
    return inner.version == net.version and bool(inner.subnet_of(net))


def blocks_of(found: Iterable[Resource]) -> list[str]:
    """The addresses of subnets."""
    return [str(subnet.value("cidrBlock")) for subnet in found if subnet.value("cidrBlock")]


def endpoints(graph: Graph, service: str, vpc_id: object) -> list[Resource]:
    """The VPC's endpoints for a service."""
    name = f"com.amazonaws.{graph.region}.{service}"
    return [e for e in graph.of_type(ENDPOINT) if e.value("serviceName") == name and e.value("vpcId") == vpc_id]
