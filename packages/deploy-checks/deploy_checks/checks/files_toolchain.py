"""uv's projects and their lock: uv can read them, and they agree with each other."""

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_python_version import requires_python, runtime_of
from deploy_checks.checks.files_text import line_of, projects, text_of, toml_of
from deploy_checks.finding import Finding, Severity
from deploy_checks.output import mentions_network
from deploy_checks.rules import Rule
from deploy_checks.subjects import is_product, python
from deploy_checks.uv import run_uv

ROOT, FUNCTIONS, LOCK = "pyproject.toml", "functions/pyproject.toml", "uv.lock"
REFUSED = re.compile(r"workspace|project\.version|[Ff]ailed to parse|depends on itself")
"""uv's errors about metadata, as opposed to the lock."""


def projects_and_lock(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Only the findings of the first step that has any: those of later steps may be consequences."""
    for step in ((broken_files,), (workspace, requires_python), (uv_and_lock,)):
        found = [finding for look in step for finding in look(rehearsed)]
        if found:
            yield from found
            return


def broken_files(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every project file and the lock exist and can be read."""
    root = rehearsed.root
    for file in sorted({ROOT, LOCK, *projects(root)}):
        text = text_of(root, file)
        if not text.strip():
            message = f"{file} is missing or empty: uv knows no packages, and SST cannot build any function"
            if file == LOCK:
                message = "uv.lock is missing: each deploy would use the newest packages, which were not tested"
            rule: Rule = "lock-stale" if file == LOCK else "project-file-broken"
            fix = "Run `uv lock` and commit uv.lock" if file == LOCK else "Restore it from git"
            # uv makes the lock when SST exports the packages: another app can be built so.
            severity: Severity = "critical" if file != LOCK or is_product(root) else "medium"
            yield Finding(rule, severity, file, 1, message, fix)
            continue
        try:
            (root / file).read_text(encoding="utf-8")
            project = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            found = re.search(r"at line (\d+)", str(exc))
            line = int(found.group(1)) if found else line_of(text, "\ufffd")
            message = f"uv cannot read {file} ({exc}), so SST cannot build any function"
            yield Finding("project-file-broken", "high", file, line, message, "Fix the file's syntax")
            continue
        if file != ROOT and "workspace" in project.get("tool", {}).get("uv", {}):
            line = line_of(text, r"^\[tool\.uv\.workspace\]")
            message = (
                "A workspace inside the workspace: uv refuses nested workspaces, and SST cannot build any function"
            )
            yield Finding("workspace-nested", "high", file, line, message, "Keep [tool.uv.workspace] in the root only")


def uv_and_lock(rehearsed: Rehearsed) -> Iterator[Finding]:
    """uv is installed, and uv.lock fits the projects."""
    if shutil.which("uv") is None:
        message = "uv is not on the path: SST stops with `UV export failed with exit code -1` and no reason"
        yield Finding("uv-missing", "high", "scripts/setup-env.sh", 1, message, "Run scripts/setup-env.sh")
        return
    try:
        # A Python that is installed, regardless of .python-version: python_pin checks that.
        checked = run_uv(rehearsed.root, "lock", "--check", "--python", runtime_of(rehearsed))
    except subprocess.TimeoutExpired:
        message = "`uv lock --check` took longer than 120 s; SST gives `uv export` 60 s"
        yield Finding("lock-stale", "high", LOCK, 1, message, "Find out why uv cannot reach its package index")
        return
    if checked.returncode == 0:
        return
    output = " ".join(line.strip() for line in checked.stderr.splitlines() if not line.startswith(("hint:", "Using ")))
    # uv checks a lock that fits without the network: if uv needs it, the lock does not fit.
    stale = "needs to be updated" in output or mentions_network(checked.stderr)
    if REFUSED.search(output) and not stale:
        message = f"uv refuses the projects, so SST's `uv export` fails for every function: {output[:300]}"
        file = next((file for file in (*reversed(projects(rehearsed.root)), LOCK) if file in output), ROOT)
        found = re.search(r"at line (\d+)", output)
        yield Finding(
            "project-refused", "high", file, int(found[1]) if found else 1, message, "Fix the error that uv reports"
        )
        return
    message = (
        f"uv.lock does not fit the projects ({output[:200]}). On AWS a function lacks a package, or with UV_FROZEN "
        "keeps the old one; without it SST regenerates the lock and deploys untested versions"
    )
    yield Finding("lock-stale", "critical", LOCK, 1, message, "Run `uv lock`, test, and commit uv.lock")


def workspace(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The workspace's members exist, functions/ is one, and dependencies on members have a source entry."""
    root = rehearsed.root
    uv = toml_of(root, ROOT).get("tool", {}).get("uv", {})
    members = [str(member) for member in uv.get("workspace", {}).get("members", [])]
    line = line_of(text_of(root, ROOT), r"^members\s*=")
    for member in members:
        if not list(root.glob(f"{member}/pyproject.toml")):
            file = f"{member}/pyproject.toml" if (root / member).is_dir() else ROOT
            message = f"The workspace member {member} has no pyproject.toml: `uv export` fails, so every build does"
            at = line if file == ROOT else 1
            yield Finding("workspace-member-missing", "high", file, at, message, f"Fix or remove {member}")
    folder = root / "functions"
    if not any(folder in root.glob(member) for member in members):
        message = "functions/ is not a workspace member: SST cannot export its packages, or ships an empty archive"
        fix = 'Add "functions" to [tool.uv.workspace] members'
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
                message = f"The project {name} depends on itself: it has the name of a package, and uv refuses it"
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
    """The functions' project has a build system: without one, SST ships development packages too."""
    file = FUNCTIONS
    project = toml_of(rehearsed.root, file)
    if project and "build-system" not in project:
        message = "Without [build-system] SST exports without --no-dev: development packages ship in every archive"
        fix = 'Add [build-system] with requires = ["hatchling"] and build-backend = "hatchling.build"'
        yield Finding("build-system-missing", "medium", file, 1, message, fix)


def pinned(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every shipped dependency is pinned to one version, so that `uv lock` does not change it."""
    for dependency in toml_of(rehearsed.root, FUNCTIONS).get("project", {}).get("dependencies", []):
        requirement = dependency.partition(";")[0]
        workspace_member = re.fullmatch(r"[\w.-]+\s*", requirement) and (rehearsed.root / requirement.strip()).is_dir()
        if "==" not in requirement and "@" not in requirement and not workspace_member:
            line = line_of(text_of(rehearsed.root, FUNCTIONS), re.escape(dependency))
            message = f"{dependency} may be any of several versions: the next `uv lock` ships an untested one"
            yield Finding(
                "dependency-not-pinned", "low", FUNCTIONS, line, message, "Pin it with == and the locked version"
            )


ABOUT = python
CHECKS = (projects_and_lock, build_system, pinned)
