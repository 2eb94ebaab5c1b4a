"""The environment variables that the code reads are those that the stack sets."""

import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from stack_graph.graph import Rehearsed, Resource
from stack_graph.lambdas import variables
from stack_graph.program import place_of

from deploy_checks.archive import contents, in_repository
from deploy_checks.finding import Finding
from deploy_checks.probe import Probe, environment, probes

RESERVED = {
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
}  # fmt: skip
"""Names that Lambda reserves (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html)."""
MAX_ENVIRONMENT_BYTES = 4096
READ_BY_OTHERS = re.compile(
    r"(AWS|SST|PYTHON|OTEL|POWERTOOLS|LD|LC|LANG|TZ|PATH|NODE|SSL|HTTPS?|NO)(_.*)?", re.IGNORECASE
)
"""Variables that the SDK, SST, the interpreter or the system reads."""


def variables_are_set(rehearsed: Rehearsed) -> Iterable[Finding]:
    """Every variable that the code reads while it is imported and called is set."""
    lacking: dict[str, list[tuple[Probe, dict[str, Any]]]] = {}
    for probe in probes(rehearsed):
        for name, read in missing(probe).items():
            lacking.setdefault(name, []).append((probe, read))
    for name, those in lacking.items():
        file, line = _setting(rehearsed, [probe.function for probe, _ in those])
        maybe = all(read["how"] == "get" for _, read in those)
        names = ", ".join(sorted({probe.artifact.function for probe, _ in those}))
        yield Finding(
            id="variable-not-set",
            severity="medium" if maybe else "critical",
            file=file,
            line=line,
            message=(
                f"{names}: {_place(rehearsed, *those[0])} reads {name}, which the stack does not set. The deploy "
                f"succeeds; the code {'continues with None' if maybe else 'fails when it reads it'}."
            ),
            fix=f"Add {name} to the function's environment; or read it with a default, if it may be missing.",
        )


def missing(probe: Probe) -> dict[str, dict[str, Any]]:
    """Variables that the code read and that are not set, with the first read of each."""
    if probe.result is None:
        return {}
    given = environment(probe.function, "/var/task").keys()
    reads = probe.result["reads"]
    optional = set(probe.result["optional"]) | {read["name"] for read in reads if read["how"] == "default"}
    found: dict[str, dict[str, Any]] = {}
    for read in reads:
        if read["name"] not in given and read["name"] not in optional:
            found.setdefault(read["name"], read)
    return found


def _setting(rehearsed: Rehearsed, functions: list[Resource]) -> tuple[str, int]:
    """Where the variable is to be set: in the one function, or in the code that several functions share."""
    first = functions[0]
    if len(functions) == 1:
        return first.file, first.line
    shared = set.intersection(*(set(variables(function)) for function in functions))
    for name in (name for name in variables(first) if name in shared):
        file, line = place_of(rehearsed, first, name)
        if file not in {function.file for function in functions}:
            return file, line
    return first.file, first.line


def _place(rehearsed: Rehearsed, probe: Probe, read: dict[str, Any]) -> str:
    name = probe.own_file(str(read["file"])) or ""
    return f"{in_repository(rehearsed.root, name, probe.handler) or name}:{read['line']}"


def variables_are_read(rehearsed: Rehearsed) -> Iterable[Finding]:
    """Every variable's name occurs in the archive's Python code: others are misspelt, or no longer used."""
    for function, artifact in rehearsed.packaged():
        names = [name for name in variables(function) if not READ_BY_OTHERS.fullmatch(name)]
        if not names:
            continue
        words = _words(artifact.path)
        for name in names:
            if name.lower() not in words:
                file, line = place_of(rehearsed, function, name)
                yield Finding(
                    id="variable-not-read",
                    severity="low",
                    file=file,
                    line=line,
                    message=f"{artifact.function} is given {name}, and no code in its archive reads it.",
                    fix=f"Remove {name} from the function's environment, or correct its name.",
                )


def _words(path: Any) -> set[str]:
    found: set[str] = set()
    own = contents(path).own()
    with zipfile.ZipFile(path) as archive:
        for name in own:
            found.update(re.findall(r"\w+", archive.read(name).decode(errors="replace").lower()))
    return found


def variables_are_allowed(rehearsed: Rehearsed) -> Iterable[Finding]:
    """No variable has a reserved name, and the environment is at most 4 KB."""
    for function, _ in rehearsed.functions():
        yield from _refused(rehearsed, function)


def _refused(rehearsed: Rehearsed, function: Resource) -> Iterator[Finding]:
    given = variables(function)
    if reserved := sorted(given.keys() & RESERVED):
        file, line = place_of(rehearsed, function, reserved[0])
        yield Finding(
            id="variable-reserved",
            severity="high",
            file=file,
            line=line,
            message=(
                f"The deploy of {function.name} ends with InvalidParameterValueException: Lambda was unable to "
                "configure your environment variables because the environment variables you have provided contains "
                "reserved keys that are currently not supported for modification. Reserved keys used in this request: "
                f"{', '.join(reserved)}"
            ),
            fix="Remove them from the environment: Lambda sets them itself.",
        )
    for name in given:
        if not re.fullmatch(r"[a-zA-Z]\w+", name) and name not in RESERVED:
            yield Finding(
                id="variable-name-refused",
                severity="high",
                file=function.file,
                line=function.line,
                message=f"{function.name} is given the variable {name!r}: Lambda accepts names that match "
                "[a-zA-Z][a-zA-Z0-9_]+.",
                fix="Rename it, here and in the code.",
            )
    size = sum(len(name.encode()) + len(value.encode()) for name, value in given.items())
    if size > MAX_ENVIRONMENT_BYTES:
        longest = max(given, key=lambda name: len(given[name]))
        yield Finding(
            id="environment-too-big",
            severity="high",
            file=function.file,
            line=function.line,
            message=(
                f"The environment of {function.name} has {size:,} bytes. The deploy ends with "
                "InvalidParameterValueException: Lambda was unable to configure your environment variables because the "
                "environment variables you have provided exceeded the 4KB limit."
            ),
            fix=f"Store long values in Parameter Store, and pass the parameter's name: {longest} is the longest.",
        )


CHECKS = (variables_are_set, variables_are_read, variables_are_allowed)
