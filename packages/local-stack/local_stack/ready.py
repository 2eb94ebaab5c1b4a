"""The announcement of a ready stack: for people on stderr, for programs in --ready-file."""

import json
from pathlib import Path
from typing import Any

from local_stack import resources as r
from local_stack.cloud.process import CREDENTIALS
from local_stack.options import Options
from local_stack.postgres import version
from local_stack.stack import Stack


def announcement(stack: Stack, options: Options, seconds: float) -> str:
    allocation = stack.allocation
    lines = [
        f"ready after {seconds:.1f} s; Ctrl-C ends it",
        f"  API       {allocation.api_url}",
        f"  AWS       {allocation.aws_endpoint_url}",
        f"            {' '.join(f'{name}={value}' for name, value in _aws_variables(stack).items())} \\",
        f"            aws --endpoint-url {allocation.aws_endpoint_url} sqs list-queues",
    ]
    lines.append(f"  Lambda    {stack.invoke_api.url}")
    if options.emulator:
        lines.append(f"  Bedrock   {allocation.bedrock_endpoint_url}")
    if database := allocation.database:
        where = f"-h {database.socket_directory} -p {database.port} -U {database.username} {database.name}"
        lines.append(f"  database  PGPASSFILE={database.password_file} psql {where}")
    lines.append(f"  state     {allocation.data_dir or 'not kept; use --data-dir DIR to keep it'}")
    lines.append(f"stand-ins: {', '.join(_stand_ins(stack, options))}; no AWS account is used")
    return "\n".join(lines)


def _aws_variables(stack: Stack) -> dict[str, str]:
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    return {**{key: CREDENTIALS[key] for key in keys}, "AWS_DEFAULT_REGION": stack.allocation.wiring.region}


def _stand_ins(stack: Stack, options: Options) -> list[str]:
    names = ["moto"]
    if options.emulator:
        forwarded = f" (forwards to {options.emulator.forward_to})" if options.emulator.forward_to else ""
        names.append(f"bedrock-emulator{forwarded}")
    for instance in stack.allocation.wiring.of_type(r.DatabaseInstance).values():
        asked = instance.engine_version.partition(".")[0]
        different = f" for {asked}" if asked and asked != version() else ""
        names.append(f"embedded PostgreSQL {version()}{different}")
    return names


def write(stack: Stack, options: Options, path: Path) -> None:
    """Renamed into place, so that a reader who sees it sees all of it."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(_details(stack, options), indent=2))
    temporary.replace(path)


def _details(stack: Stack, options: Options) -> dict[str, Any]:
    allocation = stack.allocation
    database = allocation.database
    return {
        "api_url": allocation.api_url,
        "aws_endpoint_url": allocation.aws_endpoint_url,
        "lambda_endpoint_url": stack.invoke_api.url,
        "region": allocation.wiring.region,
        "functions": {name: running.function.name for name, running in stack.functions.items()},
        "bedrock_endpoint_url": allocation.bedrock_endpoint_url if options.emulator else None,
        "database": {
            "host": str(database.socket_directory),
            "port": database.port,
            "name": database.name,
            "username": database.username,
            "password": database.password,
        }
        if database
        else None,
        "pids": {
            "services": {name: process.pid for name, process in stack.services.items()},
            "functions": {running.function.name: running.pids() for running in stack.functions.values()},
        },
    }
