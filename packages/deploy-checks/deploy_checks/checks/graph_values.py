"""Values that AWS refuses, or takes and then nobody can use: of the database, its secret and the buckets."""

import json
import re
import ssl
from collections.abc import Iterator
from typing import Any

from stack_graph.graph import Graph, Rehearsed, Resource
from stack_graph.lambdas import BUCKETS, DATABASE, FUNCTION, label, variables
from stack_graph.program import written

from deploy_checks.checks.graph_storage import PERMANENT
from deploy_checks.finding import Finding, finding_at

WITHDRAWN = {17: 4, 16: 8, 15: 12, 14: 17, 13: 99, 12: 99, 11: 99}
"""PostgreSQL's highest minor version that RDS creates no more (AWS's notice of 2026-05-01), by major version."""

RESERVED_USERS = {"admin", "rdsadmin", "rdsrepladmin", "rds_superuser", "rdstopmgr", "public", "none", "user", "all"}

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
BUCKET_NAME = re.compile(r"(?!xn--|sthree-|.*(-s3alias|--ol-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")

REFUSED_IN_PASSWORDS = set('/@" ')
DEFAULT_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
"""What random.RandomPassword takes unless it is told otherwise."""

CERTIFICATES = "functions/pipeline/platform/rds_ca"


def databases_can_be_made(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Version, names and parameter group are some that RDS takes."""
    graph = rehearsed.graph
    for database in graph.of_type(DATABASE):
        for rule, error, fix in _refused(graph, database):
            yield finding_at(database, rule, "high", f"The deploy will fail: {error}", fix)
        if not database.value("dbName"):
            yield finding_at(
                database,
                "no-database-name",
                "critical",
                f'{database.name} is made without a database of ours: FATAL: database "pipeline" does not exist',
                'Set dbName (database: "pipeline").',
            )
    region = rehearsed.graph.region
    if graph.of_type(DATABASE) and not (rehearsed.root / CERTIFICATES / f"{region}.pem").is_file():
        yield finding_at(
            graph.of_type(DATABASE)[0],
            "no-certificate-authority",
            "critical",
            f"No function can connect: {CERTIFICATES} has no RDS certificate authority for {region}",
            f"Add AWS's {region}-bundle.pem as {CERTIFICATES}/{region}.pem.",
        )


def proxies_are_trusted(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A proxy shows a certificate of Amazon's public authorities, which are not in RDS's own list."""
    graph = rehearsed.graph
    file = rehearsed.root / CERTIFICATES / "proxy.pem"
    known = ssl.create_default_context(cafile=str(file)).get_ca_certs() if file.is_file() else []
    asked = {variables(function).get("DB_HOST") for function in graph.of_type(FUNCTION)}
    for proxy in graph.of_type("aws:rds/proxy:Proxy"):
        if proxy.value("endpoint") in asked and "Amazon Root CA 1" not in str(known):
            yield finding_at(
                proxy,
                "proxy-certificate-unknown",
                "critical",
                f"No function can connect: {proxy.name}'s certificate is from Amazon Root CA 1, and "
                f"{CERTIFICATES}/proxy.pem {'does not have that' if known else 'is missing'}",
                f"Restore {CERTIFICATES}/proxy.pem: the roots of https://www.amazontrust.com/repository/.",
            )


def _refused(graph: Graph, database: Resource) -> Iterator[tuple[str, str, str]]:
    version, user = str(database.value("engineVersion") or ""), str(database.value("username") or "")
    major, _, minor = version.partition(".")
    if database.value("engine") == "postgres" and major.isdigit():
        if minor.isdigit() and int(minor) <= WITHDRAWN.get(int(major), -1):
            error = f"InvalidParameterCombination: Cannot find version {version} for postgres"
            yield "withdrawn-database-version", error, f'Name the major version alone: "{major}".'
        group = graph.with_output("name", database.value("parameterGroupName"), "aws:rds/parameterGroup:ParameterGroup")
        if group and group.value("family") != f"postgres{major}":
            error = (
                f"InvalidParameterCombination: The parameter group {group.value('name')} with DBParameterGroupFamily "
                f"{group.value('family')} can't be used for this instance (version {version})"
            )
            yield "parameter-group-family", error, f'Set family: "postgres{major}".'
    if user.lower() in RESERVED_USERS:
        error = f"MasterUsername {user} cannot be used as it is a reserved word used by the engine"
        yield "reserved-username", error, 'Use another name, such as "postgres".'
    for value in (user, database.value("dbName")):
        if value and not IDENTIFIER.fullmatch(str(value)):
            error = f"InvalidParameterValue: {value} must begin with a letter and contain only alphanumeric characters."
            yield "invalid-database-name", error, "Use letters, digits and underscores."


def passwords_are_taken(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A generated password has none of the characters that RDS refuses."""
    graph = rehearsed.graph
    sources = {urn for database in graph.of_type(DATABASE) for urn in database.references("password")}
    for password in graph.of_type("random:index/randomPassword:RandomPassword"):
        special = password.value("special") is not False
        refused = REFUSED_IN_PASSWORDS & set(str(password.value("overrideSpecial") or DEFAULT_SPECIAL))
        if password.urn in sources and special and refused:
            yield finding_at(
                password,
                "password-characters",
                "high",
                "The deploy will fail, sooner or later: The parameter MasterUserPassword is not a valid password. Only "
                "printable ASCII characters besides '/', '@', '\"', ' ' may be used.",
                'Set special: false, or an overrideSpecial without /, @, " and space.',
            )


def passwords_are_not_written_down(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The database's password is generated: a literal is in the repository, and in its history for ever."""
    graph = rehearsed.graph
    for database in graph.of_type(DATABASE):
        literal = written(rehearsed, database, r"^\s*(master)?[pP]assword:\s*[\"'`]")
        if literal and not database.references("password"):
            yield Finding(
                "password-in-program",
                "critical" if graph.stage == PERMANENT else "high",
                *literal,
                f"The password of {database.name} is in the program: whoever reads the repository has it, and RDS "
                'refuses one with /, @, " or a space',
                "Leave the password out: sst.aws.Postgres makes one, and keeps it in Secrets Manager.",
            )


def secrets_hold_the_password(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The secret that functions read is a JSON object with a password; of the database's master, with its own."""
    graph = rehearsed.graph
    read = {variables(function).get("DB_PASSWORD_SECRET_ARN") for function in graph.of_type(FUNCTION)} - {None}
    sources = {urn for database in graph.of_type(DATABASE) for urn in database.references("password")}
    masters = {database.value("username") for database in graph.of_type(DATABASE)}
    values = graph.of_type("aws:secretsmanager/secretVersion:SecretVersion")
    for arn in sorted(str(one) for one in read):
        holding = [value for value in values if value.value("secretId") == arn]
        secret = graph.with_output("arn", arn)
        if secret and not holding:
            yield finding_at(
                secret,
                "secret-without-value",
                "critical",
                "No function can connect: ResourceNotFoundException: Secrets Manager can't find the specified secret "
                "value for staging label: AWSCURRENT",
                "Add a SecretVersion.",
            )
        for value in holding:
            text = str(value.value("secretString") or "")
            passwords = [urn for urn in value.references("secretString") if "RandomPassword" in urn]
            if text != "[secret]" and "password" not in _object(text):
                why, fix = "is no JSON object with a password", "Store jsonStringify({ username, password })."
            elif _object(text).get("username") in masters and passwords and sources and not set(passwords) & sources:
                why, fix = "holds another password than the database's", "Store the password that the database gets."
            else:
                continue
            yield finding_at(value, "secret-shape", "critical", f"No function can connect: the secret {why}", fix)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _user_of(graph: Graph, secret_arn: str | None) -> str | None:
    values = graph.of_type("aws:secretsmanager/secretVersion:SecretVersion")
    texts = [str(value.value("secretString") or "") for value in values if value.value("secretId") == secret_arn]
    return next((str(_object(text)["username"]) for text in texts if "username" in _object(text)), None)


def functions_know_the_database(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The database that a function asks for is the one that is made."""
    graph = rehearsed.graph
    outputs = {"DB_NAME": "dbName", "DB_USERNAME": "username", "DB_PORT": "port"}
    for function in graph.of_type(FUNCTION):
        given = variables(function)
        database = graph.with_output("address", given.get("DB_HOST", ""), DATABASE)
        proxies = {proxy.value("endpoint") for proxy in graph.of_type("aws:rds/proxy:Proxy")}
        if "DB_HOST" in given and not database and given["DB_HOST"] not in proxies:
            yield finding_at(
                function,
                "unknown-database",
                "critical",
                f"{label(graph, function)} cannot connect: no database of the stack is at {given['DB_HOST']}",
                "Use the host output of the database.",
            )
        for variable, output in outputs.items() if database else ():
            made = database.value(output) if database else None
            if variable == "DB_USERNAME":  # a role of the database's own: its secret says which
                made = _user_of(graph, given.get("DB_PASSWORD_SECRET_ARN")) or made
            if variable in given and made is not None and given[variable] != str(made):
                yield finding_at(
                    function,
                    "other-database",
                    "critical",
                    f"{label(graph, function)} cannot connect: its {variable} is {given[variable]}, and the database "
                    f"has {made}",
                    "Use the outputs of the database.",
                )


def bucket_names_are_valid(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Small letters, digits and hyphens; and a name of one's own choice may be taken already."""
    graph = rehearsed.graph
    for bucket in (resource for kind in BUCKETS for resource in graph.of_type(kind)):
        name = str(bucket.inputs.get("bucket") or "")
        if name and not BUCKET_NAME.fullmatch(name):
            yield finding_at(
                bucket,
                "invalid-bucket-name",
                "high",
                f"The deploy will fail: InvalidBucketName: The specified bucket is not valid. ({name})",
                "Use 3 to 63 small letters, digits and hyphens, or leave the name to SST.",
            )
        elif name and "bucket" not in (bucket.data.get("options") or {}).get("ignoreChanges", ()):
            yield finding_at(
                bucket,
                "fixed-bucket-name",
                "medium",
                f"{name} must be free in all of AWS: BucketAlreadyExists, and a second stage cannot have it",
                "Leave the name to SST.",
            )


CHECKS = (
    databases_can_be_made,
    proxies_are_trusted,
    passwords_are_taken,
    passwords_are_not_written_down,
    secrets_hold_the_password,
    functions_know_the_database,
    bucket_names_are_valid,
)
