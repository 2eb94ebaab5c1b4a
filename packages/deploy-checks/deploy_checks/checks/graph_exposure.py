"""Exposure to the internet, and protection of data against accidents. Stricter outside of development stages."""

from collections.abc import Iterator

from stack_graph.graph import Rehearsed
from stack_graph.lambdas import DATABASE, FUNCTION, SECRET
from stack_graph.program import place_of
from stack_graph.stages import CONFIG, setting
from stack_graph.vpc import EVERYWHERE, GROUPS, rules

from deploy_checks.checks.graph_storage import PERMANENT, severity
from deploy_checks.finding import Finding, finding_at

BALANCER, INSTANCE = "aws:lb/loadBalancer:LoadBalancer", "aws:ec2/instance:Instance"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
LEAST_BACKUP_DAYS = 7
DEFAULT_WINDOW_DAYS = 30
"""Days for which Secrets Manager keeps a deleted secret, and reserves its name."""
LEAST_WINDOW_DAYS = 7


def databases_are_private(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No database has a public address; all are encrypted at rest and in transit."""
    graph = rehearsed.graph
    for database in graph.of_type(DATABASE):
        if database.value("publiclyAccessible"):
            yield finding_at(
                database,
                "public-database",
                "critical",
                f"{database.name} has a public address on the internet",
                "Set publiclyAccessible: false.",
            )
        if not database.value("storageEncrypted"):
            yield finding_at(
                database,
                "unencrypted-database",
                severity(graph),
                f"{database.name} and its snapshots are not encrypted at rest: only a replacement can change that",
                "Set storageEncrypted: true before the first deploy.",
            )
        group = graph.with_output("name", database.value("parameterGroupName"), "aws:rds/parameterGroup:ParameterGroup")
        named = {p.value("name"): str(p.value("value")) for p in (group.parts("parameters") if group else ())}
        if named.get("rds.force_ssl", "1") != "1":  # the default is 1 for PostgreSQL 15 and later
            place = group or database
            yield finding_at(
                place,
                "database-without-tls",
                "low",
                f"{database.name} accepts connections without TLS: rds.force_ssl is {named['rds.force_ssl']}",
                'Set the parameter rds.force_ssl to "1"; sst.aws.Postgres sets 0 unless transform.parameterGroup does.',
            )
    for proxy in graph.of_type("aws:rds/proxy:Proxy"):
        if not proxy.value("requireTls"):
            yield finding_at(
                proxy,
                "proxy-without-tls",
                "low",
                f"{proxy.name} accepts connections without TLS",
                "Set requireTls: true.",
            )


def databases_are_kept(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Databases outside of development have backups, and production cannot be deleted with one command."""
    graph = rehearsed.graph
    for database in graph.of_type(DATABASE):
        days, permanent = database.number("backupRetentionPeriod", 0), graph.stage == PERMANENT
        if not graph.development and days < LEAST_BACKUP_DAYS:
            yield finding_at(
                database,
                "too-few-backups",
                "high" if days == 0 else "medium",
                f"{database.name} of {graph.stage} can only be restored to the last {days} days",
                f"Set backupDays to {LEAST_BACKUP_DAYS} or more.",
            )
        if permanent and not database.value("deletionProtection"):
            yield finding_at(
                database,
                "no-deletion-protection",
                "high",
                f"A change that replaces {database.name}, or a removal, deletes production's jobs",
                "Set deletionProtection: true for the stage.",
            )
        if permanent and database.value("skipFinalSnapshot"):
            yield finding_at(
                database,
                "no-final-snapshot",
                "medium",
                f"When {database.name} is deleted, all its data is lost",
                "Set finalSnapshot: true for the stage.",
            )


def production_is_protected(rehearsed: Rehearsed) -> Iterator[Finding]:
    """``sst remove`` of production is refused."""
    protect = setting(rehearsed.root, PERMANENT, "protect") if rehearsed.stage == PERMANENT else None
    if protect and protect[0] != "true":
        yield Finding(
            "production-unprotected",
            "high",
            CONFIG,
            protect[1],
            "sst remove --stage production deletes the whole stage without a confirmation",
            "Set protect: true.",
        )


def groups_are_closed(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No security group admits the internet, except those of load balancers, which are for it."""
    graph = rehearsed.graph
    public = {group for balancer in graph.of_type(BALANCER) for group in balancer.texts("securityGroups")}
    routers = [one for one in graph.of_type(INSTANCE) if one.value("sourceDestCheck") is False]
    forwarding = {group for router in routers for group in router.texts("vpcSecurityGroupIds")}
    for group in (resource for kind in GROUPS for resource in graph.of_type(kind) if resource.id not in public):
        for rule in rules(graph, group.id, "ingress"):
            blocks = [*rule.texts("cidrBlocks"), *rule.texts("ipv6CidrBlocks")]
            world = [block for block in blocks if block in EVERYWHERE]
            if world:
                every = str(rule.value("protocol")) == "-1"
                ports = "all ports" if every else f"ports {rule.value('fromPort')} to {rule.value('toPort')}"
                yield finding_at(
                    group,
                    "open-to-the-internet",
                    "low" if group.id in forwarding else "critical",  # SST's NAT instance, which serves nothing itself
                    f"{group.name} admits {world[0]} to {ports}",
                    "Allow only the security group, or the network, that needs access.",
                )


def logs_end(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every log group has a retention."""
    graph = rehearsed.graph
    groups = {group.value("name"): group for group in graph.of_type("aws:cloudwatch/logGroup:LogGroup")}
    for function in graph.of_type(FUNCTION):
        named = function.part("loggingConfig").value("logGroup") or f"/aws/lambda/{function.value('name')}"
        if named not in groups:
            yield finding_at(
                function,
                "logs-forever",
                "medium",
                f"Lambda will create {named}, and keep and bill its logs without end",
                "Let sst.aws.Function create the log group, with logging: { retention }.",
            )
    for group in groups.values():
        if not group.value("retentionInDays"):
            yield Finding(
                "logs-forever",
                "medium",
                *place_of(rehearsed, group, "retention"),
                f"{group.value('name')} keeps and bills its logs without end",
                "Set logging: { retention }.",
            )


def secrets_can_come_back(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Production's secrets can be restored. Another stage can be removed and deployed again: their names are free."""
    permanent = rehearsed.graph.stage == PERMANENT
    for secret in rehearsed.graph.of_type(SECRET):
        name, window = secret.inputs.get("name"), secret.number("recoveryWindowInDays", DEFAULT_WINDOW_DAYS)
        if permanent and window < LEAST_WINDOW_DAYS:
            yield finding_at(
                secret,
                "secret-without-recovery",
                "medium",
                f"When {secret.name} of {PERMANENT} is deleted by mistake, it is lost at once",
                f"Set secretRecoveryDays to {LEAST_WINDOW_DAYS} or more.",
            )
        generated = "name" in (secret.data.get("options") or {}).get("ignoreChanges", ())  # SST's random suffix
        if name and not generated and window != 0 and not permanent:
            yield finding_at(
                secret,
                "secret-name-stays-taken",
                "high",
                "After a removal the next deploy will fail: InvalidRequestException: You can't create this secret "
                f"because a secret with this name is already scheduled for deletion. ({name})",
                "Remove the name, or set secretRecoveryDays to 0 for the stage.",
            )


def networks_log_their_flows(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every network has a flow log of all traffic, accepted and rejected."""
    graph = rehearsed.graph
    logged = {log.value("vpcId") for log in graph.of_type(FLOW_LOG) if log.value("trafficType") in (None, "ALL")}
    for network in graph.of_type("aws:ec2/vpc:Vpc"):
        if network.id not in logged:
            yield finding_at(
                network,
                "network-without-flow-log",
                "low",
                f"Nothing records the connections of {network.name}: data that leaves it leaves no trace",
                'Add an aws.ec2.FlowLog with trafficType: "ALL".',
            )


CHECKS = (
    databases_are_private,
    databases_are_kept,
    production_is_protected,
    groups_are_closed,
    logs_end,
    secrets_can_come_back,
    networks_log_their_flows,
)
