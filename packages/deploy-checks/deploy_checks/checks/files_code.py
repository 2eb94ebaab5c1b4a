"""The functions' dealings with AWS: how long they wait, how they reach the database, and what ships beside the code."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from stack_graph.graph import Rehearsed, Resource
from stack_graph.parameters import BUSINESS_RULES, CONFIG, known_value

from deploy_checks.checks import files_probe
from deploy_checks.checks.files_imports import sources, tree_of
from deploy_checks.checks.files_text import line_of, text_of
from deploy_checks.finding import Finding

CLIENTS = "functions/pipeline/platform/aws.py"
MIGRATIONS = "database/migrations"
AUTHORITIES = "functions/pipeline/platform/rds_ca"


@lru_cache(maxsize=4)
def probe(functions: Path, parameters: str, changed: float) -> dict[str, Any]:  # noqa: ARG001 - part of the cache's key
    """What the code says of itself when it is loaded: see ``files_probe``."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    ours |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    ours |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    ours |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", files_probe.__file__, str(functions)]
    ran = subprocess.run(  # noqa: S603
        command, input=parameters, env=ours, capture_output=True, text=True, timeout=60, check=False
    )
    try:
        report: dict[str, Any] = json.loads(ran.stdout)
    except ValueError:
        report = {"clients_fault": ran.stderr.strip()[-300:]}
    return report


def probed(rehearsed: Rehearsed) -> dict[str, Any]:
    """The probe of this tree, taken once."""
    changed = max((path.stat().st_mtime for _, path in sources(rehearsed.root)), default=0.0)
    models = rehearsed.root / "functions/pipeline/models/catalogue.json"
    changed = max(changed, models.stat().st_mtime) if models.is_file() else changed
    parameters = {"config": known_value(rehearsed.graph, CONFIG), "rules": known_value(rehearsed.graph, BUSINESS_RULES)}
    return probe(rehearsed.root / "functions", json.dumps(parameters), changed)


def client_waits(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A client gives up before its function is killed."""
    report = probed(rehearsed)
    if fault := report.get("clients_fault"):
        message = f"The AWS clients of the functions cannot be made: {fault}"
        yield Finding("clients-not-checked", "high", CLIENTS, 1, message, "Mend the code, or its dependencies")
        return
    text = text_of(rehearsed.root, CLIENTS)
    for client, waits in report["clients"].items():
        longest = (waits["read"] + waits["connect"]) * waits["attempts"]
        for function, _ in rehearsed.functions():
            timeout = function.number("timeout", 3)
            if client == "bedrock_runtime" and not _invokes_models(rehearsed, function):
                continue
            if longest >= timeout:
                message = (
                    f"{client}() waits up to {longest:g} s ({waits['attempts']:g} x {waits['connect']:g} + "
                    f"{waits['read']:g} s), {function.name} is killed after {timeout:g} s: no error is handled, and a "
                    "model call is paid for again"
                )
                fix = "Give the client a Config with shorter timeouts or fewer attempts, or the function more time"
                line = line_of(text, rf"^def {client}\b")
                yield Finding("client-outlives-function", "medium", CLIENTS, line, message, fix)
                break


def _invokes_models(rehearsed: Rehearsed, function: Resource) -> bool:
    role = rehearsed.graph.with_output("arn", function.value("role"), "aws:iam/role:Role")
    return role is not None and "bedrock:" in json.dumps(role.inputs)


def client_configs(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No client is left with botocore's waits: 60 s to connect, 60 s to read, five times."""
    for file, path in sources(rehearsed.root):
        for node in ast.walk(tree_of(path)):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            of_service = bool(node.args) and isinstance(node.args[0], ast.Constant)
            made = node.func.attr in ("client", "resource") and of_service
            if made and not {"config", None} & {keyword.arg for keyword in node.keywords}:
                message = (
                    f"{ast.unparse(node.func)}({ast.unparse(node.args[0])}) has botocore's waits of 60 s, and its "
                    "retries: the function is killed before it can say what does not answer"
                )
                fix = "Pass config=Config(connect_timeout=..., read_timeout=..., retries=...)"
                yield Finding("client-without-waits", "medium", file, node.lineno, message, fix)


def database_tls(rehearsed: Rehearsed) -> Iterator[Finding]:
    """pg8000 is told to use TLS, and the region's authorities are there to verify it with."""
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
                    "The connection asks for no TLS: RDS answers `no pg_hba.conf entry for host ..., no encryption`"
                )
                fix = "Pass ssl_context=tls_context(host, region)"
                yield Finding("database-without-tls", "critical", file, node.lineno, message, fix)
    region = str(rehearsed.graph.data.get("region", ""))
    if region and not (rehearsed.root / AUTHORITIES / f"{region}.pem").is_file():
        file = f"{AUTHORITIES}/{region}.pem"
        message = f"There is no {file}: no function of the stage can verify, so use, its database"
        fix = f"Take it from https://truststore.pki.rds.amazonaws.com/{region}/{region}-bundle.pem"
        yield Finding("rds-authority-missing", "critical", file, 1, message, fix)


def _connects(function: str) -> bool:
    return function in ("native.Connection", "pg8000.connect", "pg8000.native.Connection", "dbapi.connect")


def migrations(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Migrations are numbered 0001, 0002 and so on, and the schema that people read is there."""
    folder = rehearsed.root / MIGRATIONS
    files = sorted(path.name for path in folder.glob("*.sql"))
    if not files:
        message = (
            "There are no migrations: the database stays empty, and every query fails with `relation does not exist`"
        )
        yield Finding("migrations-missing", "critical", MIGRATIONS, 1, message, "Commit database/migrations")
    numbers: list[int] = []
    for name in files:
        found = re.fullmatch(r"(\d{4})_[a-z0-9]+(?:_[a-z0-9]+)+\.sql", name)
        file = f"{MIGRATIONS}/{name}"
        if not found:
            message = f"{name} is not called NNNN_verb_phrase.sql: the migrator refuses it, and with it the deploy"
            yield Finding("migration-misnamed", "high", file, 1, message, "Rename it")
            continue
        number, expected = int(found.group(1)), (numbers[-1] + 1 if numbers else 1)
        if number != expected:
            message = (
                f"{name} has number {number:04}, expected was {expected:04}: one is missing, or there are two of it"
            )
            yield Finding(
                "migration-numbering", "high", file, 1, message, f"Number it {expected:04}, or add the missing"
            )
        numbers.append(number)
    if not (rehearsed.root / "database/schema.sql").is_file():
        message = "There is no database/schema.sql: nobody can compare what the migrations make"
        yield Finding("schema-missing", "medium", "database/schema.sql", 1, message, "Dump it: see tests/support")


CHECKS = (client_waits, client_configs, database_tls, migrations)
