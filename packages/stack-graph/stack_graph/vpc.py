"""Network paths inside the VPC: routes, endpoints and security groups in the graph."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, ip_network

from stack_graph.graph import Graph, Resource, Values

GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
EVERYWHERE = ("0.0.0.0/0", "::/0")
HTTPS = 443


def by_id(graph: Graph, ids: Iterable[object]) -> list[Resource]:
    """The resources that AWS calls by these ids."""
    named = set(ids)
    return [resource for resource in graph.resources if resource.id in named]


def subnets(graph: Graph, function: Resource) -> list[Resource]:
    """A function's subnets; none for one outside of a VPC."""
    return by_id(graph, function.part("vpcConfig").texts("subnetIds"))


def groups(function: Resource) -> list[str]:
    """The ids of a function's security groups."""
    return function.part("vpcConfig").texts("securityGroupIds")


def route_table(graph: Graph, subnet: Resource) -> Resource | None:
    """The route table of a subnet; ``None`` for the VPC's main one."""
    for association in graph.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation"):
        if association.value("subnetId") == subnet.id:
            return next(iter(by_id(graph, [association.value("routeTableId")])), None)
    return None


def way_out(graph: Graph, subnet: Resource) -> str | None:
    """The target of a subnet's default route: ``nat``, or ``internet``, which serves only public addresses."""
    table = route_table(graph, subnet)
    if table is None:
        return None
    routes = table.parts("routes")
    for route in graph.of_type("aws:ec2/route:Route"):
        if route.value("routeTableId") == table.id:
            routes.append(Values({**route.inputs, "cidrBlock": route.value("destinationCidrBlock")}))
    for found in routes:
        if found.value("cidrBlock") == EVERYWHERE[0]:
            return "internet" if str(found.value("gatewayId")).startswith("igw-") else "nat"
    return None


def rules(graph: Graph, group_id: str, direction: str) -> Iterator[Values]:
    """The rules of a group for ``ingress`` or ``egress``, inline or as separate resources."""
    for group in (g for kind in GROUPS for g in graph.of_type(kind) if g.id == group_id):
        yield from group.parts(direction)
    for rule in graph.of_type("aws:ec2/securityGroupRule:SecurityGroupRule"):
        if rule.value("securityGroupId") == group_id and rule.value("type") == direction:
            source = rule.value("sourceSecurityGroupId")
            yield Values({**rule.inputs, "securityGroups": [source] if source else []})
    kind = "aws:vpc/securityGroup{0}Rule:SecurityGroup{0}Rule".format(direction.capitalize())
    for rule in graph.of_type(kind):
        if rule.value("securityGroupId") == group_id:
            peer, block = rule.value("referencedSecurityGroupId"), rule.value("cidrIpv4")
            peers_and_blocks = {"securityGroups": [peer] if peer else [], "cidrBlocks": [block] if block else []}
            yield Values({**rule.inputs, "protocol": rule.value("ipProtocol"), **peers_and_blocks})


def lets_through(
    graph: Graph, group_ids: Iterable[str], direction: str, port: int, peers: Iterable[str], blocks: Iterable[str]
) -> bool:
    """Whether one of the groups allows TCP on ``port``, to or from its peers.

    The peers are one of the groups ``peers``, or all of the addresses ``blocks``.
    """
    others = set(peers)
    for group_id in group_ids:
        for rule in rules(graph, group_id, direction):
            protocol = str(rule.value("protocol"))
            all_traffic = protocol in {"-1", "all"}
            low = rule.number("fromPort", -1)
            ports = all_traffic or (protocol in {"tcp", "6"} and 0 <= low <= port <= rule.number("toPort", low))
            named = others & set(rule.texts("securityGroups")) or (rule.value("self") and group_id in others)
            if ports and (named or _covers(rule.texts("cidrBlocks"), list(blocks))):
                return True
    return False


def _covers(allowed: Iterable[str], blocks: list[str]) -> bool:
    return bool(blocks) and all(any(_inside(block, net) for net in allowed) for block in blocks)


def _inside(block: str, net: str) -> bool:
    try:
        inner, outer = ip_network(block, strict=False), ip_network(net, strict=False)
    except ValueError:  # not addresses: the deploy would fail
        return False
    return isinstance(inner, IPv4Network) == isinstance(outer, IPv4Network) and bool(inner.subnet_of(outer))  # type: ignore[arg-type]


def blocks_of(found: Iterable[Resource]) -> list[str]:
    """The addresses of subnets."""
    return [str(subnet.value("cidrBlock")) for subnet in found if subnet.value("cidrBlock")]


def endpoints(graph: Graph, service: str, vpc_id: object) -> list[Resource]:
    """The VPC's endpoints for a service."""
    name = f"com.amazonaws.{graph.region}.{service}"
    return [e for e in graph.of_type(ENDPOINT) if e.value("serviceName") == name and e.value("vpcId") == vpc_id]
