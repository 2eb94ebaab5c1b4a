"""uv and Python: what is locked, which Python is taken, and whether the projects agree on it."""

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pre_deploy.checks.files_python_version import allowed_minors
from pre_deploy.checks.files_text import environment_file, line_of, text_of, toml_of
from pre_deploy.finding import Finding
from pre_deploy.graph import Rehearsed

PROJECTS = ("pyproject.toml", "functions/pyproject.toml")
PIN = ".python-version"
"""The root's: nothing reads one in functions/ (SST 4.17.1)."""


UNREACHED = re.compile(r"network was disabled|error sending request|Failed to fetch|dns error", re.IGNORECASE)
"""How uv says that it could not reach its package index."""
REFUSED = re.compile(r"workspace|project\.version|[Ff]ailed to parse|depends on itself")
"""How uv begins when it is the metadata that it cannot take, rather than the lock."""


def runtime_of(rehearsed: Rehearsed) -> str:
    """The Python of the functions, such as ``3.12``; of the newest where they differ."""
    runtimes = {str(function.value("runtime")) for function, _ in rehearsed.functions()}
    versions = [found.group(1) for text in runtimes if (found := re.fullmatch(r"python(3\.\d+)", text))]
    return max(versions, key=lambda version: int(version.split(".")[1]), default="3.12")


def run_uv(root: Path, *arguments: str, seconds: int = 120) -> subprocess.CompletedProcess[str]:
    """uv in the repository, without what an active virtual environment would change."""
    ours = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "UV_FROZEN", "UV_LOCKED")}
    command = ["uv", *arguments]
    return subprocess.run(command, cwd=root, env=ours, capture_output=True, text=True, timeout=seconds, check=False)  # noqa: S603


def broken_files(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Metadata that no tool can read."""
    root = rehearsed.root
    for file in (*PROJECTS, "uv.lock"):
        text = text_of(root, file)
        try:
            project = tomllib.loads(text)
        except tomllib.TOMLDecodeError as fault:
            found = re.search(r"at line (\d+)", str(fault))
            line = int(found.group(1)) if found else 1
            message = f"uv cannot read {file} ({fault}), so SST cannot build one function"
            yield Finding("project-file-broken", "high", file, line, message, "Mend the file's syntax")
            continue
        if file == "functions/pyproject.toml" and "workspace" in project.get("tool", {}).get("uv", {}):
            line = line_of(text, r"^\[tool\.uv\.workspace\]")
            message = (
                "A workspace inside the workspace: uv refuses nested workspaces, and SST cannot build one function"
            )
            yield Finding("workspace-nested", "high", file, line, message, "Keep [tool.uv.workspace] in the root only")


def uv_and_lock(rehearsed: Rehearsed) -> Iterator[Finding]:
    """uv is there, and uv.lock holds what the projects ask for."""
    if shutil.which("uv") is None:
        message = "uv is not in the path: SST stops with `UV export failed with exit code -1` and no reason"
        yield Finding("uv-missing", "high", "scripts/setup-env.sh", 1, message, "Run scripts/setup-env.sh")
        return
    if not (rehearsed.root / "uv.lock").is_file():
        message = "There is no uv.lock: each deploy would take the newest packages that nobody has tested"
        yield Finding("lock-stale", "critical", "uv.lock", 1, message, "Run `uv lock` and commit uv.lock")
        return
    try:
        checked = run_uv(rehearsed.root, "lock", "--check")
    except subprocess.TimeoutExpired:
        message = "`uv lock --check` took longer than 120 s; SST gives `uv export` 60 s"
        yield Finding("lock-stale", "high", "uv.lock", 1, message, "Find out why uv cannot reach its package index")
        return
    if checked.returncode == 0:
        return
    said = " ".join(line.strip() for line in checked.stderr.splitlines() if not line.startswith(("hint:", "Using ")))
    # A lock that fits is checked without the network: where uv asks for it, the lock does not fit.
    stale = "needs to be updated" in said or UNREACHED.search(checked.stderr)
    if REFUSED.search(said) and not stale:
        message = f"uv refuses the projects, so SST's `uv export` fails for every function: {said[:300]}"
        yield Finding("project-refused", "high", "pyproject.toml", 1, message, "Mend what uv names")
        return
    message = (
        f"uv.lock is not what the projects ask for ({said[:200]}). On AWS a function lacks a package, or with "
        "UV_FROZEN silently keeps the old one; without it SST locks anew and deploys versions that nobody tested"
    )
    yield Finding("lock-stale", "critical", "uv.lock", 1, message, "Run `uv lock`, test, and commit uv.lock")


def workspace(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The workspace's members exist, functions/ is one, and what is used of the workspace is said to be."""
    root = rehearsed.root
    text = text_of(root, "pyproject.toml")
    uv = toml_of(root, "pyproject.toml").get("tool", {}).get("uv", {})
    members = [str(member) for member in uv.get("workspace", {}).get("members", [])]
    line = line_of(text, r"^members\s*=")
    for member in members:
        if not list(root.glob(f"{member}/pyproject.toml")):
            message = f"The workspace member {member} has no pyproject.toml: `uv export` fails, so every build does"
            yield Finding("workspace-member-missing", "high", "pyproject.toml", line, message, f"Mend or drop {member}")
    folder = root / "functions"
    if not any(folder in root.glob(member) for member in members):
        message = "functions/ is no workspace member: SST cannot export its packages, or ships an empty archive"
        fix = 'Put "functions" into [tool.uv.workspace] members'
        yield Finding("workspace-member-missing", "high", "pyproject.toml", line, message, fix)
    names = {toml_of(root, str(path.relative_to(root))).get("project", {}).get("name") for path in projects(root)}
    sources = uv.get("sources", {})
    for path in projects(root):
        file = str(path.relative_to(root))
        project = toml_of(root, file)
        own = {**sources, **project.get("tool", {}).get("uv", {}).get("sources", {})}
        for dependency in project.get("project", {}).get("dependencies", []):
            name = re.split(r"[^\w.-]", dependency)[0]
            if name in names and not own.get(name, {}).get("workspace"):
                line = line_of(text_of(root, file), rf'"{re.escape(name)}["\s<>=~!;@\[]')
                message = (
                    f"{name} is a workspace member without an entry in [tool.uv.sources]: uv refuses the workspace"
                )
                fix = f"Add `{name} = {{ workspace = true }}` to [tool.uv.sources]"
                yield Finding("workspace-source-missing", "high", file, line, message, fix)


def projects(root: Path) -> list[Path]:
    """The pyproject.toml of the root, and of what lies directly below it."""
    return [path for path in (root / "pyproject.toml", *sorted(root.glob("*/pyproject.toml"))) if path.is_file()]


def build_system(rehearsed: Rehearsed) -> Iterator[Finding]:
    """SST leaves out development packages only where there is something to build."""
    file = "functions/pyproject.toml"
    project = toml_of(rehearsed.root, file)
    if project and "build-system" not in project:
        message = "Without [build-system] SST exports without --no-dev: development packages ship in every archive"
        fix = 'Add [build-system] with requires = ["hatchling"] and build-backend = "hatchling.build"'
        yield Finding("build-system-missing", "medium", file, 1, message, fix)


def python_versions(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every place that names a Python names the functions' own."""
    root, runtime = rehearsed.root, runtime_of(rehearsed)
    for file in PROJECTS:
        wanted = str(toml_of(root, file).get("project", {}).get("requires-python", ""))
        if (root / file).is_file() and allowed_minors(wanted) != {runtime}:
            line = line_of(text_of(root, file), r"^requires-python\b")
            message = (
                f'requires-python "{wanted}" does not mean exactly the functions\' Python {runtime}: uv locks packages '
                "for another Python, or refuses the workspace"
            )
            yield Finding("requires-python-differs", "high", file, line, message, f'Write "=={runtime}.*"')
    pin = text_of(root, PIN).strip()
    if not pin:
        message = "There is no .python-version: a pyenv shim of uv or Python stops, and another Python may be taken"
        yield Finding("python-pin-differs", "high", PIN, 1, message, f"Write {runtime} into it")
    elif pin != runtime and not pin.startswith(f"{runtime}."):
        message = f"{PIN} says {pin}, the functions run on Python {runtime}: `uv export` refuses, or exports the wrong"
        yield Finding("python-pin-differs", "high", PIN, 1, message, f"Write {runtime} into it")
    elif pin != runtime and shutil.which("uv") and not installed(root, pin):
        message = f"{PIN} names Python {pin}, which is not installed here: uv export stops, so the deploy fails"
        yield Finding("python-pin-patch", "high", PIN, 1, message, f"Write {runtime}: any patch version will do")


def installed(root: Path, version: str) -> bool:
    """Whether uv finds that Python without a download."""
    return run_uv(root, "python", "find", "--no-project", "--no-python-downloads", version).returncode == 0


def build_interpreter(rehearsed: Rehearsed) -> Iterator[Finding]:
    """SST runs `uv pip install` without a version: binaries are for whichever Python is active."""
    root, runtime = rehearsed.root, runtime_of(rehearsed)
    given = environment_file(root).get("UV_PYTHON", "")
    if given != runtime:
        said = f"UV_PYTHON={given}" if given else "no UV_PYTHON"
        message = (
            f"{said} in .env, and SST installs packages for whichever Python is active: with one that is not "
            f"{runtime}, binary packages such as pydantic_core cannot be imported on AWS"
        )
        line = line_of(text_of(root, ".env"), r"UV_PYTHON")
        yield Finding("uv-python-differs", "critical", ".env", line, message, f"Write UV_PYTHON={runtime} into .env")
    found = re.search(r"^version(?:_info)?\s*=\s*(3\.\d+)", text_of(root, ".venv/pyvenv.cfg"), re.MULTILINE)
    if found and found.group(1) != runtime:
        message = (
            f"The root's .venv is Python {found.group(1)}, the functions run on {runtime}: uv takes it even when it is "
            "not active, and binary packages cannot be imported on AWS"
        )
        fix = "Delete .venv and run scripts/setup-env.sh"
        yield Finding("venv-other-python", "critical", ".venv/pyvenv.cfg", 1, message, fix)


CHECKS = (broken_files, uv_and_lock, workspace, build_system, python_versions, build_interpreter)
