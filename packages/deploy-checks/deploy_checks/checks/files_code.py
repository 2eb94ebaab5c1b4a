"""The functions' clients: AWS timeouts, TLS to the database; and the files that ship beside the code."""

import ast
import json
import re
from collections.abc import Iterator

from stack_graph.graph import Rehearsed, Resource

from deploy_checks.checks.files_imports import sources, tree_of
from deploy_checks.finding import Finding
from deploy_checks.product import manifest_of
from deploy_checks.subjects import product

MODEL_SERVICE = "bedrock-runtime"


def client_waits(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every AWS client gives up before Lambda stops its function."""
    manifest = manifest_of(rehearsed)
    clients = manifest.section("aws_clients")
    if clients is None:
        message = f"The AWS clients of the functions cannot be built: {manifest.error('aws_clients')}"
        fix = "Fix the code, or its dependencies"
        yield Finding("clients-not-checked", "high", manifest.file("aws_clients"), 1, message, fix)
        return
    for client in clients:
        one_attempt = client["read_s"] + client["connect_s"]
        longest = one_attempt * client["attempts"]
        for function, _ in rehearsed.functions():
            timeout = function.number("timeout", 3)
            if client["service"] == MODEL_SERVICE and not _invokes_models(rehearsed, function):
                continue
            if longest >= timeout:
                message = (
                    f"{client['name']}() waits up to {longest:g} s ({client['attempts']:g} x {client['connect_s']:g} + "
                    f"{client['read_s']:g} s), and Lambda stops {function.name} after {timeout:g} s: no error is "
                    "handled, and a model call is billed twice"
                )
                fix = "Give the client a Config with shorter timeouts or fewer attempts, or the function more time"
                yield Finding("client-outlives-function", "medium", client["file"], client["line"], message, fix)
                break


def _invokes_models(rehearsed: Rehearsed, function: Resource) -> bool:
    role = rehearsed.graph.with_output("arn", function.value("role"), "aws:iam/role:Role")
    return role is not None and "bedrock:" in json.dumps(role.inputs)


def client_configs(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No client has botocore's default timeouts: 60 s to connect, 60 s to read, five attempts."""
    for file, path in sources(rehearsed.root):
        for node in ast.walk(tree_of(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            of_service = bool(node.args) and isinstance(node.args[0], ast.Constant)
            made = node.func.attr in ("client", "resource") and of_service
            if made and not {"config", None} & {keyword.arg for keyword in node.keywords}:
                message = (
                    f"{ast.unparse(node.func)}({ast.unparse(node.args[0])}) has botocore's timeouts of 60 s and its "
                    "retries: Lambda stops the function before it can report which service does not answer"
                )
                fix = "Pass config=Config(connect_timeout=..., read_timeout=..., retries=...)"
                yield Finding("client-without-waits", "low", file, node.lineno, message, fix)


def database_tls(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Connections to the database use TLS, and the region's certificate authorities are in the tree."""
    for file, path in sources(rehearsed.root):
        tree = tree_of(path)
        if not re.search(r"^\s*(from|import) pg8000", path.read_text(encoding="utf-8"), re.MULTILINE):
            continue
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and _connects(ast.unparse(node.func))):
                continue
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            tls = given.get("ssl_context")
            off = isinstance(tls, ast.Constant) and not tls.value
            if None not in given and (tls is None or off):
                message = (
                    "The connection does not use TLS: RDS answers `no pg_hba.conf entry for host ..., no encryption`"
                )
                fix = "Pass ssl_context=tls_context(host, region)"
                yield Finding("database-without-tls", "critical", file, node.lineno, message, fix)
    region = str(rehearsed.graph.data.get("region", ""))
    folder = manifest_of(rehearsed).file("certificate_authorities")
    if region and not (rehearsed.root / folder / f"{region}.pem").is_file():
        file = f"{folder}/{region}.pem"
        message = f"{file} is missing: no function of the stage can verify the database, so none can connect"
        fix = f"Download it from https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem"
        yield Finding("rds-authority-missing", "critical", file, 1, message, fix)


def _connects(function: str) -> bool:
    return function in ("native.Connection", "pg8000.connect", "pg8000.native.Connection", "dbapi.connect")


def migrations(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Migrations are numbered 0001, 0002 and so on, and the readable schema is in the tree."""
    manifest = manifest_of(rehearsed)
    folder, schema = manifest.file("migrations"), manifest.file("schema")
    files = sorted(path.name for path in (rehearsed.root / folder).glob("*.sql"))
    if not files:
        message = f"{folder} is empty: no table is created, and every query fails with `relation does not exist`"
        yield Finding("migrations-missing", "critical", folder, 1, message, f"Commit {folder}")
    numbers: list[int] = []
    for name in files:
        found = re.fullmatch(r"(\d{4})_[a-z0-9]+(?:_[a-z0-9]+)+\.sql", name)
        file = f"{folder}/{name}"
        if not found:
            message = f"{name} is not named NNNN_verb_phrase.sql: the migrator refuses it, and the deploy fails"
            yield Finding("migration-misnamed", "high", file, 1, message, "Rename it")
            continue
        number, expected = int(found.group(1)), (numbers[-1] + 1 if numbers else 1)
        if number != expected:
            message = f"{name} has number {number:04}, and {expected:04} is expected: one is missing or duplicated"
            fix = f"Number it {expected:04}, or add the missing migration"
            yield Finding("migration-numbering", "high", file, 1, message, fix)
        numbers.append(number)
    if not (rehearsed.root / schema).is_file():
        message = f"{schema} is missing: the result of the migrations cannot be reviewed or compared"
        yield Finding("schema-missing", "medium", schema, 1, message, "Dump it: see tests/support")


ABOUT = product
CHECKS = (client_waits, client_configs, database_tls, migrations)
