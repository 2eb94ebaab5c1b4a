"""The environment variables of a function's process: exactly these, nothing of the stack's own."""

from dataclasses import dataclass
from pathlib import Path

from local_stack.cloud.process import CREDENTIALS
from local_stack.resources import Function


@dataclass(frozen=True)
class Platform:
    """Settings that all functions share."""

    region: str
    task_root: Path
    endpoints: dict[str, str]  # AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE>


def variables(function: Function, platform: Platform, runtime_api: str) -> dict[str, str]:
    lambdas_own = {
        "_HANDLER": function.handler,
        "AWS_DEFAULT_REGION": platform.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_LAMBDA_RUNTIME_API": runtime_api,
        "AWS_REGION": platform.region,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "LAMBDA_TASK_ROOT": str(platform.task_root),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(platform.task_root),
        "TZ": ":UTC",
        **CREDENTIALS,
    }
    return {**function.environment.variables, **lambdas_own, **platform.endpoints}
