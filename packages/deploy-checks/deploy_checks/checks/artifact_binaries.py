"""Compiled code is for the function's Python, processor and system. Importing it on another machine proves nothing."""

import re
import tomllib
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from stack_graph.graph import Artifact, Rehearsed, Resource
from stack_graph.lambdas import architectures
from stack_graph.program import place_of

from deploy_checks.archive import contents, package_of
from deploy_checks.finding import Finding
from deploy_checks.subjects import python

MACHINES = {62: "x86_64", 183: "arm64"}
"""``e_machine`` of an ELF header."""
PLATFORM_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64"}
"""Architectures: the names in wheels, and Lambda's names."""
GLIBC = {"python3.9": 26, "python3.10": 26, "python3.11": 26}
"""The minor version of glibc 2 in Amazon Linux 2; Amazon Linux 2023, which newer runtimes have, has 2.34."""
NEWEST_GLIBC = 34
MANYLINUX_YEARS = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}


def binaries_fit(rehearsed: Rehearsed) -> Iterable[Finding]:
    """Every shared object and every wheel tag agrees with the runtime and the architecture of the deployed function."""
    for function, artifact in rehearsed.packaged():
        runtime = str(function.value("runtime"))
        if not runtime.startswith("python3."):
            continue
        architecture = architectures(function)[0]
        wrong_python, wrong_machine = _wrong_objects(artifact, runtime, architecture)
        if wrong_machine:
            yield _misfit(artifact, *place_of(rehearsed, function, "architectures"), wrong_machine, architecture)
        if wrong_python:
            file, line = _python_place(rehearsed, function)
            yield _misfit(artifact, file, line, wrong_python, runtime)
        for folder, tags in _wheels(artifact):
            if reason := wheel_misfit(tags, runtime, architecture):
                about_machine = reason.startswith("is for")
                if about_machine and (wrong_machine or wrong_python):
                    continue  # reported for the shared objects
                file, line = (function.file, function.line) if about_machine else _pyproject(rehearsed, function)
                yield Finding(
                    id="wheel-not-for-lambda",
                    severity="critical",
                    file=file,
                    line=line,
                    message=(
                        f"{artifact.function}: {folder.removesuffix('.dist-info')} {reason}. The deploy succeeds; the "
                        "import may fail with: cannot open shared object file: No such file or directory"
                    ),
                    fix="Depend on a distribution that has manylinux wheels for this runtime and architecture "
                    "(psycopg2-binary instead of psycopg2), or on a pure Python one.",
                )


def _misfit(artifact: Artifact, file: str, line: int, objects: list[str], target: str) -> Finding:
    module = objects[0].rpartition("/")[2].partition(".")[0]
    return Finding(
        id="binary-not-for-function",
        severity="critical",
        file=file,
        line=line,
        message=(
            f"The archive of {artifact.function} contains {objects[0]}"
            f"{f' and {len(objects) - 1} more' if len(objects) > 1 else ''}, for a function of {target}. The deploy "
            f"succeeds, and each invocation ends with Runtime.ImportModuleError: No module named '{module}', or "
            "with an "
            "invalid ELF header."
        ),
        fix="Give runtime and architecture to sst.aws.Function itself, not in a transform, and build with the same "
        "Python: requires-python, .python-version and UV_PYTHON.",
    )


def _wrong_objects(artifact: Artifact, runtime: str, architecture: str) -> tuple[list[str], list[str]]:
    digits = runtime.removeprefix("python").replace(".", "")
    wrong_python: list[str] = []
    wrong_machine: list[str] = []
    names = [name for name in contents(artifact.path).sizes if re.search(r"\.(so|dylib|pyd)(\.[\d.]+)?$", name)]
    with zipfile.ZipFile(artifact.path) as archive:
        for name in names:
            with archive.open(name) as file:
                header = file.read(20)
            machine = MACHINES.get(int.from_bytes(header[18:20], "little")) if header[:4] == b"\x7fELF" else None
            if machine != architecture:
                wrong_machine.append(name)
            tag = re.search(r"\.cpython-(\d+)[-.]", name)
            if tag and tag[1] != digits:
                wrong_python.append(name)
    return wrong_python, wrong_machine


def _wheels(artifact: Artifact) -> Iterator[tuple[str, list[str]]]:
    with zipfile.ZipFile(artifact.path) as archive:
        for distribution in contents(artifact.path).distributions:
            name = f"{distribution.folder}/WHEEL"
            if name in contents(artifact.path).sizes:
                yield distribution.folder, re.findall(r"(?m)^Tag: (\S+)", archive.read(name).decode())


def wheel_misfit(tags: list[str], runtime: str, architecture: str) -> str | None:
    """Why none of a wheel's tags fits the function, by the nearest one; ``None`` if one fits."""
    reasons = [_tag_misfit(tag, runtime, architecture) for tag in tags]
    if not reasons or None in reasons:
        return None
    return sorted(reason for reason in reasons if reason)[0]


def _tag_misfit(tag: str, runtime: str, architecture: str) -> str | None:
    parts = tag.split("-")
    if len(parts) != 3:
        return None
    python, abi, platforms = parts
    minor = int(runtime.removeprefix("python3."))
    tagged = [int(found) for found in re.findall(r"cp3(\d+)", python)]
    if tagged and minor not in tagged and not (abi == "abi3" and min(tagged) <= minor):
        return f"is for {python}, and the runtime is {runtime}"
    if platforms == "any":
        return None
    for platform in platforms.split("."):
        newest = GLIBC.get(runtime, NEWEST_GLIBC)
        named = re.fullmatch(r"(manylinux\d+|manylinux_2_(\d+))_(\w+)", platform)
        if not named:
            continue
        glibc = int(named[2]) if named[2] else MANYLINUX_YEARS.get(named[1], newest)
        if PLATFORM_ARCHITECTURES.get(named[3]) != architecture:
            return f"is for {named[3]}, and the function for {architecture}"
        if glibc <= newest:
            return None
        return f"needs glibc 2.{glibc}, and Lambda's {runtime} has 2.{newest}"
    return f"was compiled on the machine that built the archive (its tag is {tag}), against that machine's libraries"


def _python_place(rehearsed: Rehearsed, function: Resource) -> tuple[str, int]:
    """The function, if the package does not allow its runtime; else the setting that chose the Python of the build."""
    package = package_of(rehearsed.root, str(function.value("handler")))
    file = rehearsed.root / (package or "") / "pyproject.toml"
    try:
        allowed = str(tomllib.loads(file.read_text(encoding="utf-8"))["project"]["requires-python"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return function.file, function.line
    version = str(function.value("runtime")).removeprefix("python")
    if allowed.startswith(("==", "~=")) and version not in allowed:
        return place_of(rehearsed, function, f'"{function.value("runtime")}"')
    return _pyproject(rehearsed, function, "requires-python")


def _pyproject(rehearsed: Rehearsed, function: Resource, key: str = "dependencies") -> tuple[str, int]:
    package = package_of(rehearsed.root, str(function.value("handler")))
    name = str(Path(package or "") / "pyproject.toml")
    try:
        lines = (rehearsed.root / name).read_text(encoding="utf-8").splitlines()
    except OSError:
        return name, 1
    return name, next((number for number, line in enumerate(lines, 1) if line.startswith(key)), 1)


ABOUT = python
CHECKS = (binaries_fit,)
