"""What each function loads before its first request: a bound on the modules, and the modules that it must not load.

Each case runs in a fresh process: it imports the handler as Lambda does, and builds the use case of one route. No
network is used. ``python -m tests.unit.test_import_budgets`` prints the counts, and each cold start's CPU time as a
ratio to boto3 with one SQS client.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    **dict.fromkeys(("ENVIRONMENT", "DB_NAME", "DB_USERNAME", "DB_PASSWORD_SECRET_ARN", "S3_BUCKET_NAME"), "x"),
    **dict.fromkeys(("CONFIG_PARAMETER_NAME", "BUSINESS_RULES_PARAMETER_NAME", "API_PASSWORD_SECRET_ARN"), "x"),
    **dict.fromkeys(("WORKER_PASSWORD_SECRET_ARN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "x"),
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "DB_HOST": "/tmp",  # noqa: S108 - nothing connects
    "LAMBDA_TASK_ROOT": str(ROOT),
    "MAX_RECEIVE_COUNT": "5",
    "SQS_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/jobs",
}
API = "from pipeline.jobs.handlers import api; from pipeline.jobs import bootstrap"
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
    """Modules, the interpreter's own included."""
    without: tuple[str, ...]


BUDGETS = {
    "submit": Budget(f"{API}; bootstrap.submit_job()", 580, (*RESULTS, *DESCRIPTION, *BEDROCK, *OPERATOR)),
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
    "health": Budget(f"{API}; bootstrap.check_health()", 565, (*ANALYSES, *DESCRIPTION, *BEDROCK, *RESULTS, *OPERATOR)),
    "openapi": Budget(
        f"{API}; from pipeline.jobs.handlers.description import description; "
        "description(api.ROUTES, bootstrap.analyses())",
        300,
        (*BEDROCK, *QUEUE, *RESULTS, *PARAMETERS, *OPERATOR, "boto3", "pg8000"),
    ),
    "worker": Budget(
        "from pipeline.jobs.handlers import worker; from pipeline.jobs import bootstrap; bootstrap.run_job()",
        585,
        (*DESCRIPTION, *OPERATOR, *PYDANTIC_MODELS_OF_THE_API),
    ),
    "sweeper": Budget(
        "from pipeline.jobs.handlers import sweeper; from pipeline.jobs import bootstrap; bootstrap.sweep_jobs()",
        560,
        (*ANALYSES, *DESCRIPTION, *BEDROCK, *RESULTS, *PARAMETERS, *OPERATOR, *PYDANTIC_MODELS_OF_THE_API),
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
    ),
    "migrator": Budget(
        "from pipeline.platform.handlers import migrator; from pipeline.platform import bootstrap",
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


def cpu_seconds(code: str, runs: int = 7) -> float:
    """The median CPU time of a fresh process."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "functions"), **ENVIRONMENT}
    seconds = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(seconds)


def main() -> None:
    reference = cpu_seconds("import boto3; boto3.client('sqs')")
    sys.stdout.write(f"boto3 with one SQS client: {reference:.2f} s of CPU\n")
    for name, budget in BUDGETS.items():
        ratio = cpu_seconds(budget.code) / reference
        sys.stdout.write(f"{name:13} {len(run(budget.code)):4} modules, {ratio:.2f} times the reference\n")


if __name__ == "__main__":
    main()
