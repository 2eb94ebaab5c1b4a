"""Import budgets: a bound on the modules that each function loads before its first request, and forbidden modules.

Each case runs in a fresh process: it imports the handler as Lambda does, and builds the use case of one route. No
network is used. ``python -m tests.unit.test_import_budgets`` prints the counts, and each cold start's CPU time as a
ratio to boto3 with one SQS client: without AWS clients, and with those that the first request builds.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **dict.fromkeys(("ENVIRONMENT", "DB_NAME", "DB_USERNAME", "DB_PASSWORD_SECRET_ARN", "S3_BUCKET_NAME"), "x"),
    **dict.fromkeys(("CONFIG_PARAMETER_NAME", "BUSINESS_RULES_PARAMETER_NAME", "API_PASSWORD_SECRET_ARN"), "x"),
    **dict.fromkeys(("WORKER_PASSWORD_SECRET_ARN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "x"),
    "API_AUTHORIZATION": "open",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "DB_HOST": "/tmp",  # noqa: S108 - nothing connects
    "LAMBDA_TASK_ROOT": str(ROOT),
    "MAX_RECEIVE_COUNT": "5",
    "RETENTION_DAYS": "14",
    "API_CONNECTIONS": "35",
    "WORKER_CONNECTIONS": "30",
    "SQS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/jobs",
}
API = "from pipeline.jobs.handlers import api; from pipeline.jobs import bootstrap"
REFERENCE = "import boto3; boto3.client('sqs')"
ANALYSES = ("pipeline.analyses.summary",)
DESCRIPTION = ("pipeline.jobs.handlers.description",)
BEDROCK = ("pipeline.models.bedrock", "pipeline.models.ledgered_chat")
RESULTS = ("pipeline.jobs.adapters.results",)
QUEUE = ("pipeline.jobs.adapters.queue",)
PARAMETERS = ("pipeline.models.stage_config_source",)
OPERATOR = ("pipeline.jobs.adapters.failed_jobs", "pipeline.jobs.adapters.dead_letters")
PYDANTIC_MODELS_OF_THE_API = ("pipeline.jobs.handlers.bodies", "pipeline.jobs.handlers.listing")


@dataclass(frozen=True)
class Budget:
    code: str
    most: int
    """Number of modules, including those of the interpreter."""
    without: tuple[str, ...]
    clients: tuple[str, ...] = ("secrets_manager",)
    """Functions of ``platform.aws`` that the first request calls. The password needs the first one everywhere."""

    @property
    def first_request(self) -> str:
        """The code of the cold start, and of the clients that its first request builds."""
        built = "; ".join(f"aws.{client}()" for client in self.clients)
        return f"{self.code}; from pipeline.platform import aws; {built}" if built else self.code


QUEUE_CLIENTS = ("secrets_manager", "sqs")
STAGE_CLIENTS = (*QUEUE_CLIENTS, "ssm")
WORKER_CLIENTS = (*STAGE_CLIENTS, "s3", "bedrock_runtime")

BUDGETS = {
    "submit": Budget(
        f"{API}; bootstrap.submit_job()", 580, (*RESULTS, *DESCRIPTION, *BEDROCK, *OPERATOR), STAGE_CLIENTS
    ),
    "status": Budget(
        f"{API}; bootstrap.get_job()",
        565,
        (*ANALYSES, *DESCRIPTION, *BEDROCK, *QUEUE, *PARAMETERS, *OPERATOR),
    ),
    "list": Budget(
        f"{API}; bootstrap.list_jobs()",
        565,
        (*ANALYSES, *DESCRIPTION, *BEDROCK, *QUEUE, *RESULTS, *PARAMETERS, *OPERATOR),
    ),
    "cancel": Budget(
        f"{API}; bootstrap.cancel_job()",
        565,
        (*ANALYSES, *DESCRIPTION, *BEDROCK, *QUEUE, *RESULTS, *PARAMETERS, *OPERATOR),
    ),
    "health": Budget(
        f"{API}; bootstrap.check_health()", 565, (*ANALYSES, *DESCRIPTION, *BEDROCK, *RESULTS, *OPERATOR), STAGE_CLIENTS
    ),
    "openapi": Budget(
        f"{API}; from pipeline.jobs.handlers.description import description; "
        "description(api.ROUTES, bootstrap.analyses(), 'open')",
        300,
        (*BEDROCK, *QUEUE, *RESULTS, *PARAMETERS, *OPERATOR, "boto3", "pg8000"),
        (),
    ),
    "worker": Budget(
        "from pipeline.jobs.handlers import worker; from pipeline.jobs import bootstrap; bootstrap.run_job()",
        585,
        (*DESCRIPTION, *OPERATOR, *PYDANTIC_MODELS_OF_THE_API),
        WORKER_CLIENTS,
    ),
    "sweeper": Budget(
        "from pipeline.jobs.handlers import sweeper; from pipeline.jobs import bootstrap; bootstrap.sweep_jobs(); "
        "bootstrap.report_spending(); bootstrap.enforce_retention()",
        580,
        (*ANALYSES, *DESCRIPTION, *BEDROCK, *OPERATOR, *PYDANTIC_MODELS_OF_THE_API),
        (*STAGE_CLIENTS, "s3"),
    ),
    "dead letters": Budget(
        "from pipeline.jobs.handlers import dead_letter; from pipeline.jobs import bootstrap; "
        "bootstrap.record_dead_letter()",
        555,
        (*ANALYSES, *DESCRIPTION, *BEDROCK, *RESULTS, *PARAMETERS, *PYDANTIC_MODELS_OF_THE_API),
    ),
    "operator": Budget(
        "from pipeline.jobs.handlers import operator; from pipeline.jobs import bootstrap; bootstrap.redrive_job()",
        560,
        (*ANALYSES, *DESCRIPTION, *BEDROCK, *RESULTS, *PARAMETERS, *PYDANTIC_MODELS_OF_THE_API),
        QUEUE_CLIENTS,
    ),
    "migrator": Budget(
        "from pipeline.platform.handlers import migrator; from pipeline.platform import bootstrap; "
        "bootstrap.migrate_database()",
        530,
        ("pipeline.jobs",),
    ),
    "rotator": Budget(
        "from pipeline.platform.handlers import rotator; from pipeline.platform import bootstrap; "
        "bootstrap.rotate_password()",
        530,
        ("pipeline.jobs", "pipeline.models"),
    ),
}


def run(code: str) -> list[str]:
    """The modules that a fresh process has loaded after the code."""
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "functions"), **ENVIRONMENT}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    modules: list[str] = json.loads(done.stdout.splitlines()[-1])
    return modules


@pytest.mark.parametrize("function", BUDGETS)
def test_a_cold_start_loads_only_what_its_route_needs(function: str) -> None:
    budget = BUDGETS[function]
    modules = run(budget.code)
    loaded = [name for name in modules for prefix in budget.without if name == prefix or name.startswith(f"{prefix}.")]
    assert loaded == []
    assert len(modules) <= budget.most, f"{len(modules)} modules: raise the budget only with a reason"


def test_no_client_is_built_before_it_is_used() -> None:
    """The status route signs links with an S3 client, which no other answer needs."""
    code = f"{API}; bootstrap.get_job(); bootstrap.submit_job()\nfrom pipeline.platform import aws\n"
    code += "assert not any(f.cache_info().currsize for f in (aws.s3, aws.sqs, aws.ssm, aws.secrets_manager))"
    run(code)


def cpu_seconds(code: str) -> float:
    """The CPU time of a fresh process."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "functions"), **ENVIRONMENT}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratios(codes: Sequence[str], rounds: int = 5) -> list[float]:
    """The median ratio of each code's CPU time to the reference's.

    Each code runs directly after the reference: on a machine with other work a process takes up to twice the CPU time
    a minute later (measured 2026-11).
    """
    measured = [[cpu_seconds(code) / cpu_seconds(REFERENCE) for code in codes] for _ in range(rounds)]
    return [statistics.median(of_one) for of_one in zip(*measured, strict=True)]


def main() -> None:
    found = ratios([code for budget in BUDGETS.values() for code in (budget.code, budget.first_request)])
    sys.stdout.write(f"CPU time of cold starts, as a ratio to: {REFERENCE}\n")
    for (name, budget), bare, with_clients in zip(BUDGETS.items(), found[::2], found[1::2], strict=True):
        count = len(run(budget.code))
        sys.stdout.write(f"{name:13} {count:4} modules, {bare:.2f} without clients, {with_clients:.2f} with them\n")


if __name__ == "__main__":
    main()
