"""The locks: every install uses them, and they name each file by its hash."""

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_scripts import COMMANDS
from deploy_checks.checks.files_text import line_at, line_of, text_of
from deploy_checks.checks.files_workflows import FOLDER
from deploy_checks.finding import Finding

UV_LOCK, NPM_LOCK = "uv.lock", "package-lock.json"

START = r"(?:^|[;&|({]|\b(?:then|do|else|run:))\s*(?:if\s+)?(?:!\s*)?"
"""The start of a command in a line of a script or of a workflow."""
LOOSE = (
    (rf"{START}npm\s+(?:install|i|add|update)\b", "npm ci"),
    (rf"{START}uv\s+sync\b(?!.*--(?:locked|frozen))", "uv sync --locked"),
    (rf"{START}uv\s+run\b(?!.*--(?:locked|frozen|no-sync|no-project))", "uv run --locked"),
    (r"\bpip3?\s+install\b(?!.*--require-hashes)", "pip install --require-hashes -r FILE"),
)
"""Commands that ignore the lock, and those to use instead."""
UV_VARIABLE = re.compile(r"\bUV_(?:LOCKED|FROZEN)\b")


def python_lock(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each package of ``uv.lock`` is from an index, and each of its files has a hash."""
    text = text_of(rehearsed.root, UV_LOCK)
    try:
        packages = tomllib.loads(text).get("package", [])
    except tomllib.TOMLDecodeError:
        return  # reported by files_toolchain
    for package in packages:
        name, source = str(package.get("name")), package.get("source", {})
        line = line_of(text, rf'^name = "{re.escape(name)}"')
        if outside := source.keys() & {"git", "url"}:
            yield _not_from_registry(UV_LOCK, line, name, str(source[outside.pop()]))
        files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
        if any(not file.get("hash") for file in files):
            yield _without_hash(UV_LOCK, line, name)


def node_lock(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each package of ``package-lock.json`` is from a registry, and has a hash."""
    text = text_of(rehearsed.root, NPM_LOCK)
    try:
        packages: dict[str, dict[str, Any]] = json.loads(text)["packages"]
    except (ValueError, KeyError, TypeError):
        return  # reported as `package-file-broken`
    for path, package in packages.items():
        if "node_modules/" not in path or package.get("link") or package.get("inBundle"):
            continue  # a workspace package, or a part of another package's archive
        name = path.rpartition("node_modules/")[2]
        line = line_of(text, rf'^\s*"{re.escape(path)}":')
        resolved = str(package.get("resolved", ""))  # npm can be configured to omit it: then it uses its registry
        if resolved and not re.match(r"https://.+/-/", resolved):
            yield _not_from_registry(NPM_LOCK, line, name, resolved)
        elif not package.get("integrity"):
            yield _without_hash(NPM_LOCK, line, name)


def _not_from_registry(file: str, line: int, name: str, where: str) -> Finding:
    message = f"{name} is installed from {where}: audits do not cover it, and its owner can remove it"
    return Finding("dependency-not-from-registry", "medium", file, line, message, "Use a release from PyPI or npm")


def _without_hash(file: str, line: int, name: str) -> Finding:
    message = f"{name} is locked without a hash: any file that its index returns for that version is installed"
    fix = "Regenerate the lock from an index that publishes hashes, and commit it"
    return Finding("dependency-without-hash", "medium", file, line, message, fix)


def installs(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No command or workflow installs packages without the locks."""
    root = rehearsed.root
    workflows = (f"{FOLDER}/*.yml", f"{FOLDER}/*.yaml")
    for path in sorted(path for pattern in (*COMMANDS, *workflows) for path in root.glob(pattern)):
        file = str(path.relative_to(root))
        text = re.sub(r"(^|\s)#.*", r"\1", text_of(root, file))
        for pattern, instead in LOOSE:
            if instead.startswith("uv") and UV_VARIABLE.search(text):
                continue
            for found in re.finditer(pattern, text, re.MULTILINE):
                message = f"`{' '.join(found.group().split())}` installs versions that were not tested or audited"
                line = line_at(text, found.end())
                yield Finding("install-past-the-lock", "medium", file, line, message, f"Use `{instead}`")


CHECKS = (python_lock, node_lock, installs)
