"""The version of Python: every file that names one names the functions'."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_text import environment_file, line_of, projects, text_of, toml_of
from deploy_checks.finding import Finding, Severity
from deploy_checks.subjects import is_product, python
from deploy_checks.uv import run_uv

PIN = ".python-version"
"""In the root: SST 4.17.1 reads none in functions/."""
MINORS = range(8, 21)


def allowed_minors(specifier: str) -> set[str]:
    """The Python 3 versions of which any patch is allowed: ``>=3.11,<3.13`` allows 3.11 and 3.12."""
    clauses = [
        re.fullmatch(r"\s*(===?|~=|!=|>=?|<=?)\s*([\d.]+?)(\.\*)?\s*", clause) for clause in specifier.split(",")
    ]
    return {f"3.{minor}" for minor in MINORS if any(_fits(clauses, (3, minor, patch)) for patch in (0, 50))}


def _fits(clauses: list[re.Match[str] | None], version: tuple[int, ...]) -> bool:
    return all(_satisfies(version, *clause.groups()) for clause in clauses if clause)


def _satisfies(version: tuple[int, ...], operator: str, text: str, any_below: str | None) -> bool:
    bound = tuple(int(part) for part in text.split("."))
    padded = (*bound, *[0] * (3 - len(bound)))
    same = version[: len(bound)] == bound if any_below else version == padded
    match operator:
        case "==" | "===":
            return same
        case "!=":
            return not same
        case "~=":
            return version >= padded and version[: len(bound) - 1] == bound[:-1]
        case ">=":
            return version >= padded
        case ">":
            return version > padded
        case "<=":
            return version <= padded
        case _:
            return version < padded


def runtime_of(rehearsed: Rehearsed) -> str:
    """The functions' version of Python, such as ``3.12``; the newest if they differ."""
    runtimes = {str(function.value("runtime")) for function, _ in rehearsed.functions()}
    versions = [found.group(1) for text in runtimes if (found := re.fullmatch(r"python(3\.\d+)", text))]
    return max(versions, key=lambda version: int(version.split(".")[1]), default="3.12")


def requires_python(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The projects require the functions' version of Python, and no other."""
    root, runtime = rehearsed.root, runtime_of(rehearsed)
    for file in projects(root):
        required = str(toml_of(root, file).get("project", {}).get("requires-python", ""))
        if allowed_minors(required) != {runtime}:
            line = line_of(text_of(root, file), r"^requires-python\b")
            message = (
                f'requires-python "{required}" does not mean exactly the functions\' Python {runtime}: uv locks '
                "packages "
                "for another Python, or refuses the workspace"
            )
            yield Finding("requires-python-differs", "high", file, line, message, f'Write "=={runtime}.*"')


def python_pin(rehearsed: Rehearsed) -> Iterator[Finding]:
    """``.python-version`` names the functions' version of Python, and it is installed."""
    root, runtime = rehearsed.root, runtime_of(rehearsed)
    pin = text_of(root, PIN).strip()
    if not pin and not is_product(root):
        return
    if not pin:
        message = "There is no .python-version: a pyenv shim of uv or Python stops, and another Python may be used"
        yield Finding("python-pin-differs", "high", PIN, 1, message, f"Write {runtime} into it")
    elif pin != runtime and not pin.startswith(f"{runtime}."):
        message = (
            f"{PIN} names {pin}, the functions run on Python {runtime}: `uv export` fails, or exports wrong packages"
        )
        yield Finding("python-pin-differs", "high", PIN, 1, message, f"Write {runtime} into it")
    elif pin != runtime and shutil.which("uv") and not installed(root, pin):
        message = f"{PIN} names Python {pin}, which is not installed here: uv export stops, so the deploy fails"
        yield Finding("python-pin-patch", "high", PIN, 1, message, f"Write {runtime}: any patch version works")


def installed(root: Path, version: str) -> bool:
    """Whether uv finds that Python without a download."""
    return run_uv(root, "python", "find", "--no-project", "--no-python-downloads", version).returncode == 0


def build_interpreter(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The active Python is the functions' version: SST runs `uv pip install` without naming one."""
    root, runtime = rehearsed.root, runtime_of(rehearsed)
    given = environment_file(root).get("UV_PYTHON", "")
    if given != runtime:
        setting = f"UV_PYTHON={given}" if given else "no UV_PYTHON"
        message = (
            f"{setting} in .env, and SST installs packages for the active Python: with one that is not "
            f"{runtime}, binary packages such as pydantic_core cannot be imported on AWS"
        )
        line = line_of(text_of(root, ".env"), r"UV_PYTHON")
        # Another app may choose its Python in another way: what it chose here shows in the archives.
        severity: Severity = "critical" if given or is_product(root) else "low"
        yield Finding("uv-python-differs", severity, ".env", line, message, f"Write UV_PYTHON={runtime} into .env")
    found = re.search(r"^version(?:_info)?\s*=\s*(3\.\d+)", text_of(root, ".venv/pyvenv.cfg"), re.MULTILINE)
    if found and found.group(1) != runtime:
        message = (
            f"The root's .venv is Python {found.group(1)}, the functions run on {runtime}: uv uses it even when it is "
            "not active, and binary packages cannot be imported on AWS"
        )
        fix = "Delete .venv and run scripts/setup-env.sh"
        yield Finding("venv-other-python", "critical", ".venv/pyvenv.cfg", 1, message, fix)


ABOUT = python
CHECKS = (python_pin, build_interpreter)
