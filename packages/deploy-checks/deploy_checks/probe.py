"""Runs every function from its archive, as Lambda would: with the runtime's interpreter, the stack's environment and
the SDK of Lambda's runtime, and without a network.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from stack_graph.events import Sample, samples
from stack_graph.graph import Artifact, Rehearsed, Resource
from stack_graph.lambdas import architectures, variables

from deploy_checks.archive import contents, handler_module, in_repository, unpack

CHILD = Path(__file__).with_name("probe_child.py")
LAMBDA_HAS = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
TIME_LIMIT_S = 60
MACHINE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
"""This machine's architecture, by Lambda's name."""
NOWHERE = "http://127.0.0.1:9"
"""The discard port, which refuses connections immediately."""


@dataclass(frozen=True)
class Probe:
    """The result of running one function."""

    function: Resource
    artifact: Artifact
    samples: list[Sample] = field(default_factory=list)
    result: dict[str, Any] | None = None
    """The output of ``probe_child``; ``None`` if the function could not be run."""
    failure: str = ""
    """How running it failed."""
    needs: str = ""
    """The condition that this machine lacks to run it; then it was not tried."""
    log: str = ""
    """The end of the function's output."""

    @property
    def handler(self) -> str:
        """The handler string that the deployed function has."""
        return str(self.function.value("handler"))

    def own_file(self, name: str | None) -> str | None:
        """The path inside the archive of one of the function's files."""
        return None if name is None else name.split("/task/", 1)[-1]


@cache
def probes(rehearsed: Rehearsed) -> list[Probe]:
    """One for each function whose archive contains the file of its handler."""
    with tempfile.TemporaryDirectory(prefix="pre-deploy-probe-") as temporary:
        folder = Path(temporary)
        sdk = _sdk_of_lambda(folder / "sdk")
        tasks: dict[object, Path] = {}
        jobs: list[tuple[Resource, Artifact, Path]] = []
        for function, artifact in rehearsed.packaged():
            inside = contents(artifact.path)
            if handler_module(str(function.value("handler"))) not in inside.sizes:
                continue
            if inside.shared not in tasks:
                tasks[inside.shared] = folder / str(len(tasks)) / "task"
                unpack(artifact.path, tasks[inside.shared])
            jobs.append((function, artifact, tasks[inside.shared]))
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return list(pool.map(lambda job: _probe(rehearsed, job[0], job[1], job[2], sdk), jobs))


def _probe(rehearsed: Rehearsed, function: Resource, artifact: Artifact, task: Path, sdk: Path) -> Probe:
    python = interpreter(str(function.value("runtime")))
    if python is None:
        return Probe(function, artifact, needs=f"{function.value('runtime')} on this machine")
    processor = architectures(function)[0]
    if processor != MACHINE and any(name.endswith(".so") for name in contents(artifact.path).sizes):
        return Probe(function, artifact, needs=f"a machine of {processor}, for the compiled code in the archive")
    events = samples(rehearsed.graph, function)
    with _temporary_file() as result:
        question = {
            "task_root": str(task),
            "runtime": str(sdk),
            "handler": function.value("handler"),
            "own": [str(task / name) for name in contents(artifact.path).own()],
            "events": [sample.event for sample in events],
            "result": str(result),
            "context": {
                "function_name": function.value("name"),
                "memory": function.value("memorySize"),
                "arn": function.value("arn"),
                "log_group": function.part("loggingConfig").value("logGroup") or "",
                "timeout": function.value("timeout") or 3,
            },
        }
        try:
            done = subprocess.run(  # noqa: S603
                [python, "-I", "-S", "-B", str(CHILD)],
                input=json.dumps(question),
                env=environment(function, str(task)),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                timeout=TIME_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Probe(function, artifact, events, failure=f"it did not finish within {TIME_LIMIT_S} s")
        written = result.read_text(encoding="utf-8")
        if not written:
            ended = f"its process ended with {done.returncode}: {done.stdout[-500:]}"
            return Probe(function, artifact, events, failure=ended)
        return Probe(function, artifact, events, json.loads(written), log=done.stdout[-2000:])


def source_of(rehearsed: Rehearsed, probe: Probe, error: dict[str, Any]) -> tuple[str, int]:
    """The last line of the repository that an error passed through; the handler's if none is known."""
    name = probe.own_file(error["file"]) or handler_module(probe.handler)
    file = in_repository(rehearsed.root, name, probe.handler)
    if file is None:
        return probe.function.file, probe.function.line
    if error["file"]:
        return file, int(error["line"])
    starts = (f"def {probe.handler.rpartition('.')[2]}(", f"{probe.handler.rpartition('.')[2]} =")
    lines = (rehearsed.root / file).read_text(encoding="utf-8").splitlines()
    return file, next((number for number, line in enumerate(lines, 1) if line.startswith(starts)), 1)


def environment(function: Resource, task_root: str) -> dict[str, str]:
    """The variables that the stack and Lambda set, and AWS endpoints that refuse connections."""
    arn = str(function.value("arn")).split(":")
    region = arn[3] if len(arn) > 3 else "us-east-1"
    name = str(function.value("name"))
    return {
        **variables(function),
        **dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), region),
        "AWS_ACCESS_KEY_ID": "rehearsal",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_SESSION_TOKEN": "rehearsal",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.value('runtime')}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.value("memorySize")),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "rehearsal",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "LAMBDA_TASK_ROOT": task_root,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": str(function.value("handler")),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        "AWS_ENDPOINT_URL": NOWHERE,
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@cache
def interpreter(runtime: str) -> str | None:
    """A Python of the runtime's version; ``None`` if none is installed, or the runtime is not Python."""
    if not runtime.startswith("python3."):
        return None
    version = runtime.removeprefix("python")
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    if found := shutil.which(runtime):
        return found
    uv = shutil.which("uv")
    if uv is None:
        return None
    command = [uv, "python", "find", "--no-project", "--no-python-downloads", version]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() or None if done.returncode == 0 else None


def _sdk_of_lambda(folder: Path) -> Path:
    """A folder with the packages of Lambda's Python runtime, and no others of this environment."""
    folder.mkdir(parents=True)
    for name in LAMBDA_HAS:
        spec = find_spec(name)
        if spec and spec.origin:
            origin = Path(spec.origin)
            source = origin.parent if origin.name == "__init__.py" else origin
            (folder / source.name).symlink_to(source)
    return folder


@contextmanager
def _temporary_file() -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(prefix="pre-deploy-", suffix=".json") as file:
        yield Path(file.name)
