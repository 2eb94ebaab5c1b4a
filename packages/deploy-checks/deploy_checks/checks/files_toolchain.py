"""uv's projects and their lock: whether uv can read them, and whether they agree with each other."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_python_version import requires_python, runtime_of
from deploy_checks.checks.files_text import line_of, projects, text_of, toml_of
from deploy_checks.finding import Finding
from deploy_checks.output import mentions_network
from deploy_checks.uv import run_uv

ROOT, FUNCTIONS, LOCK = "pyproject.toml", "functions/pyproject.toml", "uv.lock"
REFUSED = re.compile(r"workspace|project\.version|[Ff]ailed to parse|depends on itself")
"""How uv begins when it is the metadata that it cannot take, rather than the lock."""


def projects_and_lock(rehearsed: Rehearsed) -> Iterator[Finding]:
    """In the order in which uv stumbles: what lies behind a fault is an echo of it, or is said once it is mended."""
    for step in ((broken_files,), (workspace, requires_python), (uv_and_lock,)):
        found = [finding for look in step for finding in look(rehearsed)]
        if found:
            yield from found
            return


def broken_files(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Metadata that no tool can read."""
    root = rehearsed.root
    for file in sorted({ROOT, LOCK, *projects(root)}):
        text = text_of(root, file)
        if not text.strip():
            message = f"There is no {file}, or nothing in it: uv knows no packages, and SST cannot build one function"
            if file == LOCK:
                message = "There is no uv.lock: each deploy would take the newest packages that nobody has tested"
            rule = "lock-stale" if file == LOCK else "project-file-broken"
            fix = "Run `uv lock` and commit uv.lock" if file == LOCK else "Take it from git"
            yield Finding(rule, "critical", file, 1, message, fix)
            continue
        try:
            (root / file).read_text(encoding="utf-8")
            project = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            found = re.search(r"at line (\d+)", str(fault))
            line = int(found.group(1)) if found else line_of(text, "\ufffd")
            message = f"uv cannot read {file} ({fault}), so SST cannot build one function"
            yield Finding("project-file-broken", "high", file, line, message, "Mend the file's syntax")
            continue
        if file != ROOT and "workspace" in project.get("tool", {}).get("uv", {}):
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
    try:
        # A Python that is there, whatever the pin says: python_pin judges that.
        checked = run_uv(rehearsed.root, "lock", "--check", "--python", runtime_of(rehearsed))
    except subprocess.TimeoutExpired:
        message = "`uv lock --check` took longer than 120 s; SST gives `uv export` 60 s"
        yield Finding("lock-stale", "high", LOCK, 1, message, "Find out why uv cannot reach its package index")
        return
    if checked.returncode == 0:
        return
    said = " ".join(line.strip() for line in checked.stderr.splitlines() if not line.startswith(("hint:", "Using ")))
    # A lock that fits is checked without the network: where uv asks for it, the lock does not fit.
    stale = "needs to be updated" in said or mentions_network(checked.stderr)
    if REFUSED.search(said) and not stale:
        message = f"uv refuses the projects, so SST's `uv export` fails for every function: {said[:300]}"
        file = next((file for file in (*reversed(projects(rehearsed.root)), LOCK) if file in said), ROOT)
        found = re.search(r"at line (\d+)", said)
        yield Finding("project-refused", "high", file, int(found[1]) if found else 1, message, "Mend what uv names")
        return
    message = (
        f"uv.lock is not what the projects ask for ({said[:200]}). On AWS a function lacks a package, or with "
        "UV_FROZEN silently keeps the old one; without it SST locks anew and deploys versions that nobody tested"
    )
    yield Finding("lock-stale", "critical", LOCK, 1, message, "Run `uv lock`, test, and commit uv.lock")


def workspace(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The workspace's members exist, functions/ is one, and what is used of the workspace is said to be."""
    root = rehearsed.root
    uv = toml_of(root, ROOT).get("tool", {}).get("uv", {})
    members = [str(member) for member in uv.get("workspace", {}).get("members", [])]
    line = line_of(text_of(root, ROOT), r"^members\s*=")
    for member in members:
        if not list(root.glob(f"{member}/pyproject.toml")):
            file = f"{member}/pyproject.toml" if (root / member).is_dir() else ROOT
            message = f"The workspace member {member} has no pyproject.toml: `uv export` fails, so every build does"
            at = line if file == ROOT else 1
            yield Finding("workspace-member-missing", "high", file, at, message, f"Mend or drop {member}")
    folder = root / "functions"
    if not any(folder in root.glob(member) for member in members):
        message = "functions/ is no workspace member: SST cannot export its packages, or ships an empty archive"
        fix = 'Put "functions" into [tool.uv.workspace] members'
        yield Finding("workspace-member-missing", "high", ROOT, line, message, fix)
    yield from _sources(rehearsed, uv.get("sources", {}))


def _sources(rehearsed: Rehearsed, shared: Mapping[str, Any]) -> Iterator[Finding]:
    root = rehearsed.root
    known = {file: toml_of(root, file) for file in projects(root)}
    names = {file: content.get("project", {}).get("name") for file, content in known.items()}
    for file, content in known.items():
        own = {**shared, **content.get("tool", {}).get("uv", {}).get("sources", {})}
        for dependency in content.get("project", {}).get("dependencies", []):
            name = re.split(r"[^\w.-]", dependency)[0]
            if name == names[file]:
                line = line_of(text_of(root, file), r"^name\s*=")
                message = f"The project {name} depends on itself: it has the name of a package, and uv refuses both"
                yield Finding("project-refused", "high", file, line, message, "Give the project another name")
                return
            if name in names.values() and not own.get(name, {}).get("workspace"):
                line = line_of(text_of(root, file), rf'"{re.escape(name)}["\s<>=~!;@\[]')
                message = (
                    f"{name} is a workspace member without an entry in [tool.uv.sources]: uv refuses the workspace"
                )
                fix = f"Add `{name} = {{ workspace = true }}` to [tool.uv.sources]"
                yield Finding("workspace-source-missing", "high", file, line, message, fix)


def build_system(rehearsed: Rehearsed) -> Iterator[Finding]:
    """SST leaves out development packages only where there is something to build."""
    file = FUNCTIONS
    project = toml_of(rehearsed.root, file)
    if project and "build-system" not in project:
        message = "Without [build-system] SST exports without --no-dev: development packages ship in every archive"
        fix = 'Add [build-system] with requires = ["hatchling"] and build-backend = "hatchling.build"'
        yield Finding("build-system-missing", "medium", file, 1, message, fix)


def pinned(rehearsed: Rehearsed) -> Iterator[Finding]:
    """What ships is named by one version each, so that the next `uv lock` brings nothing that nobody asked for."""
    for dependency in toml_of(rehearsed.root, FUNCTIONS).get("project", {}).get("dependencies", []):
        requirement = dependency.partition(";")[0]
        workspace_member = re.fullmatch(r"[\w.-]+\s*", requirement) and (rehearsed.root / requirement.strip()).is_dir()
        if "==" not in requirement and "@" not in requirement and not workspace_member:
            line = line_of(text_of(rehearsed.root, FUNCTIONS), re.escape(dependency))
            message = f"{dependency} may be any of several versions: the next `uv lock` ships one that nobody tested"
            yield Finding("dependency-not-pinned", "low", FUNCTIONS, line, message, "Write == and the locked version")


CHECKS = (projects_and_lock, build_system, pinned)
