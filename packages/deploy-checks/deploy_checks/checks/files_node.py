"""Node and its packages: the tested version of SST deploys, and the stack's types are correct."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_text import line_at, line_of, program_files, text_of
from deploy_checks.finding import Finding, NotChecked, Severity, Verdict
from deploy_checks.node_modules import has_sst
from deploy_checks.subjects import is_product

OLDEST_NODE = 22
"""SST 4's requirement."""

EXACT = re.compile(r"\d+\.\d+\.\d+(?:-[\w.]+)?")
DIAGNOSTIC = re.compile(r"^(?P<file>[^\s(][^(]*)\((?P<line>\d+),\d+\): error (?P<code>TS\d+): (?P<text>.*)$")
LONGEST = 400
"""Characters of an error that are shown."""

CONFIG, TYPES, PLATFORM = "sst.config.ts", "tsconfig.json", ".sst/platform/config.d.ts"
STRICT = ("noImplicitAny", "noImplicitThis", "strictBindCallApply", "strictFunctionTypes", "strictNullChecks")
"""The options that ``strict`` includes, and that can be disabled one by one."""

UNKNOWN_PROPERTY = {"TS2353", "TS2561"}
"""TypeScript's errors for an argument that the component does not have."""


def _json(root: Path, file: str) -> dict[str, Any]:
    try:
        content = json.loads(text_of(root, file))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def unreadable(root: Path) -> Iterator[Finding]:
    """package.json and package-lock.json are JSON. npm cannot start without them; other apps may have other files."""
    for file in ("package.json", "package-lock.json"):
        if not is_product(root) and not (root / file).exists():
            continue
        try:
            json.loads(text_of(root, file))
            continue
        except ValueError as exc:
            line = getattr(exc, "lineno", 1)
            why = f"it is not JSON: {exc}" if text_of(root, file) else "it is missing"
        message = f"npm cannot read {file}: {why}. A fresh checkout has no SST, so nothing can be deployed"
        yield Finding("package-file-broken", "high", file, line, message, "Fix the file, or restore it from git")


def packages(rehearsed: Rehearsed) -> Iterator[Finding]:
    """package.json, package-lock.json and what is installed agree."""
    root = rehearsed.root
    broken = list(unreadable(root))
    if broken:
        yield from broken
        return
    package = _json(root, "package.json")
    text = text_of(root, "package.json")
    asked: dict[str, str] = {**package.get("dependencies", {}), **package.get("devDependencies", {})}
    if text and not EXACT.fullmatch(asked.get("sst", "")):
        line = line_of(text, r'"sst"\s*:')
        message = f'package.json asks for sst "{asked.get("sst", "")}": a version of SST that was not tested may deploy'
        fix = "Name one exact version, such as 4.17.1, and run npm install"
        severity: Severity = "high" if is_product(root) else "low"
        yield Finding("sst-not-pinned", severity, "package.json", line, message, fix)
    if not (root / "package-lock.json").exists():
        return
    locked = _json(root, "package-lock.json").get("packages", {})
    root_entry: dict[str, str] = {
        **locked.get("", {}).get("dependencies", {}),
        **locked.get("", {}).get("devDependencies", {}),
    }
    for name in sorted(asked.keys() | root_entry.keys()):
        version = locked.get(f"node_modules/{name}", {}).get("version")
        exact = EXACT.fullmatch(asked.get(name, ""))
        if asked.get(name) != root_entry.get(name) or (exact and version != asked[name]):
            line = line_of(text, rf'"{re.escape(name)}"\s*:')
            message = (
                f'package.json asks for {name} "{asked.get(name)}", package-lock.json has "{root_entry.get(name)}" '
                f"and locks {version}: `npm ci` stops, and `npm install` uses untested versions"
            )
            fix = "Run npm install and commit package-lock.json"
            yield Finding("package-lock-differs", "high", "package.json", line, message, fix)
        elif version and has_sst(root):  # otherwise no package is installed
            yield from _installed(root, name, version)


def _installed(root: Path, name: str, version: str) -> Iterator[Finding]:
    there = _json(root, f"node_modules/{name}/package.json").get("version")
    if there == version:
        return
    line = line_of(text_of(root, "package-lock.json"), rf'"node_modules/{re.escape(name)}"')
    state = f"{name} {there} is installed" if there else f"{name} is not installed"
    message = f"{state}, package-lock.json has {version}: the deploy would not use the tested version"
    yield Finding("installed-package-differs", "high", "package-lock.json", line, message, "Run npm ci")


def node_version(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The required version of Node is one that SST supports."""
    root = rehearsed.root
    pinned = text_of(root, ".nvmrc").strip()
    package = _json(root, "package.json")
    engines = str(package.get("engines", {}).get("node", "")) if package else f">={OLDEST_NODE}"
    engines_line = line_of(text_of(root, "package.json"), r'"node"\s*:')
    for file, line, required in ((".nvmrc", 1, pinned), ("package.json", engines_line, engines)):
        found = re.search(r"\d+", required)
        if (found and int(found.group()) < OLDEST_NODE) or (not found and is_product(root)):
            message = f'{file} requires Node "{required}": SST needs Node {OLDEST_NODE} or newer, and fails without it'
            yield Finding("node-too-old", "high", file, line, message, f"Require Node {OLDEST_NODE} or newer")


def types(rehearsed: Rehearsed) -> Iterator[Verdict]:
    """``tsc --noEmit`` reports no error: SST checks no types, and ignores arguments that it does not know."""
    root = rehearsed.root
    if not (root / TYPES).exists() and not is_product(root):
        yield NotChecked("the types of the program", "there is no tsconfig.json")
        return
    if not (root / PLATFORM).is_file():
        install_platform(root, rehearsed.stage, _path(root))
    ran = compiled(root)
    if ran is None and not has_sst(root):
        return  # no package is installed; npm's error is reported
    if ran is None:
        needs = "TypeScript or Node is not installed, or tsc takes minutes: run npm install, or scripts/setup-env.sh"
        yield NotChecked("the types of the program", needs)
        return
    output = re.sub(r"\n\s+", " ", ran.stdout)  # an error's further lines are indented
    found = [match for line in output.splitlines() if (match := DIAGNOSTIC.match(line))]
    in_program = [error for error in found if error["file"] != TYPES]
    listed = ran.stdout.splitlines()
    reported = [*_looked_at(root, listed), *(_type_error(*error.groups()) for error in found)]
    if in_program and str(root.resolve() / PLATFORM) not in listed:
        # tsc only reports that it does not know sst and aws. If SST refuses sst.config.ts, that is reported already.
        reported = [finding for finding in reported if finding.file == TYPES]
        if not reported and (root / PLATFORM).is_file() and text_of(root, CONFIG).strip():
            message = f"{CONFIG} does not refer to {PLATFORM}: the types of the stack are not checked"
            fix = f'Begin it with /// <reference path="./{PLATFORM}" />'
            reported.append(Finding("types-not-checked", "medium", CONFIG, 1, message, fix))
    elif ran.returncode and not reported:
        reported.append(_unchecked((ran.stdout + ran.stderr).strip()[:300], "Run `npm run typecheck` by hand"))
    yield from reported


def _looked_at(root: Path, listed: list[str]) -> Iterator[Finding]:
    """tsconfig.json includes all files of the stack, and is strict."""
    text = text_of(root, TYPES)
    if not text.strip():
        yield _unchecked("there is no tsconfig.json", "Restore it from git")
        return
    stack = [file for file, _ in program_files(root) if file == CONFIG or file.startswith("infra/")]
    missed = [file for file in stack if str(root.resolve() / file) not in listed]
    if missed:
        message = f"tsconfig.json omits {', '.join(missed)}: an argument there that SST ignores is not reported"
        line = line_of(text, r'"(?:include|exclude|files)"')
        yield Finding("types-not-checked", "low", TYPES, line, message, "Include all files that SST bundles")
    for option in ("strict", *STRICT):
        found = re.search(rf'"{option}"\s*:\s*(true|false)', text)
        if (found and found[1] == "false") or (option == "strict" and not found):
            message = f"tsconfig.json has no `{option}`: values that may be undefined are deployed without an error"
            line = line_at(text, found.start()) if found else line_of(text, '"compilerOptions"')
            yield Finding("types-not-strict", "low", TYPES, line, message, 'Write "strict": true, alone')


def _path(root: Path) -> str:
    return os.pathsep.join([str(root / ".venv/bin"), os.environ.get("PATH", "")])


@cache
def compiled(root: Path) -> subprocess.CompletedProcess[str] | None:
    """tsc's result, computed once; ``None`` if it cannot run or takes minutes."""
    program = root / "node_modules/typescript/bin/tsc"
    interpreter = shutil.which("node", path=_path(root))
    if not program.is_file() or interpreter is None:
        return None
    with _known_types(root) as state:
        command = [interpreter, str(program), "--noEmit", "--pretty", "false", "--listFiles", *state]
        try:
            return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            return None


@contextmanager
def _known_types(root: Path) -> Iterator[list[str]]:
    """tsc's options for a check of what changed since the last one: half the time, as SST's platform is TypeScript.

    Commands that run at the same time have a copy each, and the last one stays.
    """
    last = root / ".sst" / "pre-deploy.tsbuildinfo"
    if not last.parent.is_dir():
        yield []
        return
    own = last.with_suffix(f".{os.getpid()}")
    with suppress(FileNotFoundError):
        shutil.copyfile(last, own)
    try:
        yield ["--incremental", "--tsBuildInfoFile", str(own)]
    finally:
        with suppress(FileNotFoundError):
            own.replace(last)


def _type_error(file: str, line: str, code: str, text: str) -> Finding:
    if len(text) > LONGEST:
        text = (
            f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"  # the problem is at the start, the reason at the end
        )
    severity: Severity = "high"
    message = (
        f"{code}: {text.rstrip('.')}. "
        "SST removes types without a check, so the program fails when it runs, or does something else"
    )
    if code in UNKNOWN_PROPERTY or "does not exist in type" in text:
        severity = "medium"
        message = (
            f"{code}: {text} SST silently ignores an argument that it does not know: the setting has no effect on AWS"
        )
    return Finding(
        "typescript-error",
        severity,
        file,
        int(line),
        message,
        "Use an argument that the component's type has, or `transform`",
    )


def _unchecked(why: str, fix: str) -> Finding:
    message = f"The types of sst.config.ts and infra/ could not be checked: {why}"
    return Finding("types-not-checked", "medium", TYPES, 1, message, fix)


def install_platform(root: Path, stage: str, path: str) -> None:
    """``sst install``, which needs no account: it unpacks ``.sst/platform`` with the components' types."""
    withheld = re.compile(r"(AWS|SST|PULUMI)_")
    environment = {name: value for name, value in os.environ.items() if not withheld.match(name)}
    environment |= {
        "PATH": path,
        "SST_SKIP_DEPENDENCY_CHECK": "true",
        "SST_NO_BUN": "true",
        "SST_TELEMETRY_DISABLED": "1",
        "AWS_ACCESS_KEY_ID": "rehearsal",
        "AWS_SECRET_ACCESS_KEY": "rehearsal",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
    command = [str(root / "node_modules/.bin/sst"), "install", "--stage", stage]
    try:
        subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=300, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return  # tsc then reports the missing types


CHECKS = (packages, node_version, types)
