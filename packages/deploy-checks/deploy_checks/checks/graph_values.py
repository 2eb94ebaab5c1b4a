"""Values of the database, its secret and the buckets that AWS refuses, or accepts and no function can use."""

import json
import re
import ssl
from collections.abc import Iterator
from typing import Any

from stack_graph.graph import HIDDEN, Graph, Rehearsed, Resource
from stack_graph.lambdas import BUCKETS, DATABASE, FUNCTION, label, variables
from stack_graph.program import written

from deploy_checks.checks.graph_storage import PERMANENT
from deploy_checks.finding import Finding, finding_at
from deploy_checks.product import manifest_of
from deploy_checks.rules import Rule
from deploy_checks.subjects import product

WITHDRAWN = {17: 4, 16: 8, 15: 12, 14: 17, 13: 99, 12: 99, 11: 99}
"""The highest minor version of PostgreSQL that RDS no longer creates, by major version (AWS's notice of 2026-05-01)."""

RESERVED_USERS = {"admin", "rdsadmin", "rdsrepladmin", "rds_superuser", "rdstopmgr", "public", "none", "user", "all"}

IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
BUCKET_NAME = re.compile(r"(?!xn--|sthree-|.*(-s3alias|--ol-s3)$)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")

REFUSED_IN_PASSWORDS = set('/@" ')
DEFAULT_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
"""The special characters of random.RandomPassword, unless overridden."""


def databases_can_be_made(rehearsed: Rehearsed) -> Iterator[Finding]:
    """RDS accepts the version, the names and the parameter group."""
    graph = rehearsed.graph
    for database in graph.of_type(DATABASE):
        for rule, error, fix in _refused(graph, database):
            yield finding_at(database, rule, "high", f"The deploy will fail: {error}", fix)
        if not database.value("dbName") and product(rehearsed):
            yield finding_at(
                database,
                "no-database-name",
                "critical",
                f'{database.name} is created without an initial database: FATAL: database "pipeline" does not exist',
                'Set dbName (database: "pipeline").',
            )
    region, folder = rehearsed.graph.region, manifest_of(rehearsed).file("certificate_authorities")
    if product(rehearsed) and graph.of_type(DATABASE) and not (rehearsed.root / folder / f"{region}.pem").is_file():
        yield finding_at(
            graph.of_type(DATABASE)[0],
            "no-certificate-authority",
            "critical",
            f"No function can connect: {folder} has no RDS certificate authority for {region}",
            f"Add AWS's {region}-bundle.pem as {folder}/{region}.pem.",
        )


def proxies_are_trusted(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A proxy has a certificate of Amazon's public authorities, which are not in RDS's list."""
    graph = rehearsed.graph
    folder = manifest_of(rehearsed).file("certificate_authorities")
    file = rehearsed.root / folder / "proxy.pem"
    known = ssl.create_default_context(cafile=str(file)).get_ca_certs() if file.is_file() else []
    asked = {variables(function).get("DB_HOST") for function in graph.of_type(FUNCTION)}
    for proxy in graph.of_type("aws:rds/proxy:Proxy"):
        if proxy.value("endpoint") in asked and "Amazon Root CA 1" not in str(known):
            yield finding_at(
                proxy,
                "proxy-certificate-unknown",
                "critical",
                f"No function can connect: {proxy.name}'s certificate is from Amazon Root CA 1, and "
                f"{folder}/proxy.pem {'does not have that' if known else 'is missing'}",
                f"Restore {folder}/proxy.pem: the roots of https://www.amazontrust.com/repository/.",
            )


def _refused(graph: Graph, database: Resource) -> Iterator[tuple[Rule, str, str]]:
    version, user = str(database.value("engineVersion") or ""), str(database.value("username") or "")
    major, _, minor = version.partition(".")
    if database.value("engine") == "postgres" and major.isdigit():
        if minor.isdigit() and int(minor) <= WITHDRAWN.get(int(major), -1):
            error = f"InvalidParameterCombination: Cannot find version {version} for postgres"
            yield "withdrawn-database-version", error, f'Give only the major version: "{major}".'
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
    """A generated password has no character that RDS refuses."""
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
    """The database's password is generated: a literal stays in the repository's history."""
    graph = rehearsed.graph
    for database in graph.of_type(DATABASE):
        literal = written(rehearsed, database, r"^\s*(master)?[pP]assword:\s*[\"'`]")
        if literal and not database.references("password"):
            yield Finding(
                "password-in-program",
                "critical" if graph.stage == PERMANENT else "high",
                *literal,
                f"The password of {database.name} is in the program: every reader of the repository has it, and RDS "
                'refuses one with /, @, " or a space',
                "Remove the password: sst.aws.Postgres generates one, and stores it in Secrets Manager.",
            )


def secrets_hold_the_password(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The secret that functions read is a JSON object with a password; for the master user, with the database's."""
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
            if text != HIDDEN and "password" not in _object(text):
                why, fix = "is not a JSON object with a password", "Store jsonStringify({ username, password })."
            elif _object(text).get("username") in masters and passwords and sources and not set(passwords) & sources:
                why, fix = "has a different password than the database", "Store the database's password."
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
    """Every function is given the address, name, port and user of the stack's database."""
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
                f"{label(graph, function)} cannot connect: no database of the stack has the address {given['DB_HOST']}",
                "Use the host output of the database.",
            )
        for variable, output in outputs.items() if database else ():
            made = database.value(output) if database else None
            if variable == "DB_USERNAME":  # a role inside the database: its secret has the name
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
    """Bucket names are valid, and not fixed: a fixed name may be taken already."""
    graph = rehearsed.graph
    for bucket in (resource for kind in BUCKETS for resource in graph.of_type(kind)):
        name = str(bucket.inputs.get("bucket") or "")
        if name and not BUCKET_NAME.fullmatch(name):
            yield finding_at(
                bucket,
                "invalid-bucket-name",
                "high",
                f"The deploy will fail: InvalidBucketName: The specified bucket is not valid. ({name})",
                "Use 3 to 63 lower-case letters, digits and hyphens, or leave the name to SST.",
            )
        elif name and "bucket" not in (bucket.data.get("options") or {}).get("ignoreChanges", ()):
            yield finding_at(
                bucket,
                "fixed-bucket-name",
                "medium",
                f"{name} must be unused in all of AWS: BucketAlreadyExists, and a second stage cannot use it",
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
