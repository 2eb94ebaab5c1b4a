"""Network paths through the VPC: to every AWS service that a function calls, and to the database."""

from collections.abc import Iterator

from stack_graph.graph import Graph, Rehearsed, Resource, Values
from stack_graph.lambdas import DATABASE, FUNCTION, calls, label, variables
from stack_graph.vpc import (
    ENDPOINT,
    EVERYWHERE,
    HTTPS,
    blocks_of,
    by_id,
    endpoints,
    groups,
    lets_through,
    route_table,
    subnets,
    way_out,
)

from deploy_checks.finding import Finding, finding_at

POSTGRES = 5432


def services_are_reachable(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every function reaches the services that it calls: through a NAT gateway or a VPC endpoint."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        for service in (
            sorted({call.service for call in calls(rehearsed.root, function)}) if subnets(graph, function) else ()
        ):
            problem = _problem(graph, function, service)
            if problem:
                why, fix, place = problem
                yield finding_at(
                    place,
                    "service-out-of-reach",
                    "critical",
                    f"{label(graph, function)} will hang on {service} until Task timed out after "
                    f"{function.value('timeout')}.00 seconds: {why}",
                    fix,
                )


def _problem(graph: Graph, function: Resource, service: str) -> tuple[str, str, Resource] | None:
    """Why a function does not reach a service, the fix, and the resource to change."""
    own = subnets(graph, function)
    vpc_id = own[0].value("vpcId")
    found = endpoints(graph, service, vpc_id)
    interfaces = [endpoint for endpoint in found if endpoint.value("vpcEndpointType") == "Interface"]
    gateways = {table for e in found if e not in interfaces for table in e.texts("routeTableIds")}
    outside = lets_through(graph, groups(function), "egress", HTTPS, (), EVERYWHERE[:1])
    anywhere = "Allow egress of the function's security group to port 443 of 0.0.0.0/0, or of the VPC."
    private = [endpoint for endpoint in interfaces if endpoint.value("privateDnsEnabled")]
    if not private:
        stuck = [
            s for s in own if way_out(graph, s) != "nat" and getattr(route_table(graph, s), "id", "") not in gateways
        ]
        if not stuck:
            group = next(iter(by_id(graph, groups(function))), function)
            return None if outside else ("its security group allows no egress to port 443", anywhere, group)
        if interfaces:
            return f"{interfaces[0].name} has no private DNS", "Set privateDnsEnabled: true.", interfaces[0]
        if found:
            why = f"{found[0].name} is not in the route table of {stuck[0].name}"
            return why, "Give the endpoint the route tables of all private subnets.", found[0]
        why = f"{stuck[0].name} has no NAT, and the VPC no endpoint com.amazonaws.{graph.region}.{service}"
        others = [endpoint for endpoint in graph.of_type(ENDPOINT) if endpoint.value("vpcId") == vpc_id]
        misnamed = [e for e in others if str(e.value("serviceName")).endswith(f".{service}")]
        # If other subnets use a NAT gateway, only the route is missing.
        routed = route_table(graph, stuck[0]) if any(way_out(graph, subnet) == "nat" for subnet in own) else None
        place = routed or next(iter([*misnamed, *others]), function)
        return why, f"Add {service} to the endpoints, or a NAT gateway to the VPC.", place
    vpc = next(iter(by_id(graph, [vpc_id])), None)
    if vpc and not (vpc.value("enableDnsSupport") is not False and vpc.value("enableDnsHostnames")):
        return (
            "the VPC has no DNS host names, so private DNS is off",
            "Set enableDnsHostnames and enableDnsSupport.",
            vpc,
        )
    return _blocked(graph, function, private, own)


def _blocked(
    graph: Graph, function: Resource, private: list[Resource], own: list[Resource]
) -> tuple[str, str, Resource] | None:
    guards = [group for endpoint in private for group in endpoint.texts("securityGroupIds")]
    if not any(endpoint.texts("subnetIds") for endpoint in private):
        return f"{private[0].name} is in no subnet", "Give the endpoint subnetIds.", private[0]
    if not lets_through(graph, guards, "ingress", HTTPS, groups(function), blocks_of(own)):
        place = next(iter(by_id(graph, guards)), private[0])
        why = f"{place.name} allows no ingress to port 443 from the function's security group"
        return why, "Allow ingress tcp 443 from the functions' security group.", place
    there = blocks_of(by_id(graph, [subnet for endpoint in private for subnet in endpoint.texts("subnetIds")]))
    if not lets_through(graph, groups(function), "egress", HTTPS, guards, there):
        place = next(iter(by_id(graph, groups(function))), function)
        why = f"{place.name} allows no egress to port 443 of the endpoint"
        return why, "Allow egress tcp 443 to 0.0.0.0/0, or to the endpoints' security group.", place
    return None


def database_is_reachable(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The security groups allow connections to the database, and functions that use a private one are in its VPC."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        host = variables(function).get("DB_HOST")
        database = graph.with_output("address", host, DATABASE) if host else None
        database = database or (graph.with_output("endpoint", host, "aws:rds/proxy:Proxy") if host else None)
        if database is None:
            continue
        name, own = label(graph, function), subnets(graph, function)
        if not own and not database.value("publiclyAccessible"):
            yield finding_at(
                function,
                "function-outside-vpc",
                "critical",
                f"{name} is in no VPC, and {database.name} is private: every connection times out",
                "Give the function vpc: { privateSubnets, securityGroups }.",
            )
        elif own:
            yield from _database_groups(graph, name, function, database)


def _database_groups(graph: Graph, name: str, function: Resource, database: Resource) -> Iterator[Finding]:
    port = Values({"port": variables(function).get("DB_PORT")}).number("port", database.number("port", POSTGRES))
    guards = database.texts("vpcSecurityGroupIds")
    mine = next(iter(by_id(graph, groups(function))), function)
    theirs = next(iter(by_id(graph, guards)), database)
    in_from = lets_through(graph, guards, "ingress", port, groups(function), blocks_of(subnets(graph, function)))
    group = graph.with_output("name", database.value("dbSubnetGroupName"), "aws:rds/subnetGroup:SubnetGroup")
    there = by_id(graph, group.texts("subnetIds") if group else database.texts("vpcSubnetIds"))
    out_to = lets_through(graph, groups(function), "egress", port, guards, blocks_of(there))
    for open_, place, direction in ((in_from, theirs, "ingress from"), (out_to, mine, "egress of")):
        if not open_:
            yield finding_at(
                place,
                "database-out-of-reach",
                "critical",
                f"{name} cannot connect to {database.name}: {place.name} does not allow {direction} the function's "
                "security "
                f"group on port {port}, so connections time out",
                f"Allow tcp {port} between the function's security group and the database's.",
            )


def functions_are_in_private_subnets(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No function is in a public subnet: functions have no public address, so the internet gateway is useless to
    them."""
    graph = rehearsed.graph
    for function in graph.of_type(FUNCTION):
        public = [subnet.name for subnet in subnets(graph, function) if way_out(graph, subnet) == "internet"]
        if public:
            yield finding_at(
                function,
                "function-in-public-subnet",
                "critical",
                f"{label(graph, function)} is in {', '.join(public)}, whose route to the internet needs a public "
                "address, and functions have none: calls to services without a VPC endpoint time out",
                "Use vpc.privateSubnets.",
            )
        if function.part("vpcConfig").data and not groups(function):
            yield finding_at(
                function,
                "function-without-security-group",
                "critical",
                f"{label(graph, function)} has no security group: it uses the VPC's default one, which the "
                "database and the endpoints do not admit",
                "Give vpc.securityGroups.",
            )


def network_acls_let_through(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Network ACLs allow traffic in both directions. The VPC's default one allows everything."""
    graph = rehearsed.graph
    used = {subnet.id for function in graph.of_type(FUNCTION) for subnet in subnets(graph, function)}
    for acl in graph.of_type("aws:ec2/networkAcl:NetworkAcl"):
        written = [
            r for r in graph.of_type("aws:ec2/networkAclRule:NetworkAclRule") if r.value("networkAclId") == acl.id
        ]
        for direction, outward in (("ingress", False), ("egress", True)):
            some = [*acl.parts(direction), *(rule for rule in written if bool(rule.value("egress")) == outward)]
            allowed = any(str(rule.value("action") or rule.value("ruleAction")).lower() == "allow" for rule in some)
            if used & set(acl.texts("subnetIds")) and not allowed:
                yield finding_at(
                    acl,
                    "network-acl-denies",
                    "critical",
                    f"{acl.name} has no {direction} rule that allows traffic, and functions are in its subnets: all "
                    "their calls time out",
                    "Use the VPC's default ACL for the subnets, and security groups to restrict access.",
                )


CHECKS = (services_are_reachable, database_is_reachable, functions_are_in_private_subnets, network_acls_let_through)
