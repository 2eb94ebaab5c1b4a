"""Node and its packages: the SST that was tested is the SST that deploys, and the stack's types hold."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_text import line_at, line_of, program_files, text_of
from deploy_checks.finding import Finding, Severity
from deploy_checks.node_modules import has_sst

OLDEST_NODE = 22
"""SST 4's own requirement; older ones also lack what Pulumi's program uses."""

EXACT = re.compile(r"\d+\.\d+\.\d+(?:-[\w.]+)?")
DIAGNOSTIC = re.compile(r"^(?P<file>[^\s(][^(]*)\((?P<line>\d+),\d+\): error (?P<code>TS\d+): (?P<said>.*)$")
LONGEST = 400
"""Characters of an error that are shown."""

CONFIG, TYPES, PLATFORM = "sst.config.ts", "tsconfig.json", ".sst/platform/config.d.ts"
STRICT = ("noImplicitAny", "noImplicitThis", "strictBindCallApply", "strictFunctionTypes", "strictNullChecks")
"""What ``strict`` stands for, and what may be taken back one by one."""

UNKNOWN_PROPERTY = {"TS2353", "TS2561"}
"""An argument that the component does not have."""


def _json(root: Path, file: str) -> dict[str, Any]:
    try:
        content = json.loads(text_of(root, file))
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def unreadable(root: Path) -> Iterator[Finding]:
    """What npm cannot even begin with."""
    for file in ("package.json", "package-lock.json"):
        try:
            json.loads(text_of(root, file))
            continue
        except ValueError as error:
            fault = error
        line = getattr(fault, "lineno", 1)
        why = f"it is no JSON: {fault}" if text_of(root, file) else "it is missing"
        message = f"npm cannot read {file}: {why}. A fresh checkout gets no SST, so nothing can be deployed"
        yield Finding("package-file-broken", "high", file, line, message, "Mend the file, or take it from git")


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
    if not EXACT.fullmatch(asked.get("sst", "")):
        line = line_of(text, r'"sst"\s*:')
        message = f'package.json asks for sst "{asked.get("sst", "")}": another SST than the tested one may deploy'
        fix = "Name one exact version, such as 4.17.1, and run npm install"
        yield Finding("sst-not-pinned", "high", "package.json", line, message, fix)
    locked = _json(root, "package-lock.json").get("packages", {})
    wanted: dict[str, str] = {
        **locked.get("", {}).get("dependencies", {}),
        **locked.get("", {}).get("devDependencies", {}),
    }
    for name in sorted(asked.keys() | wanted.keys()):
        version = locked.get(f"node_modules/{name}", {}).get("version")
        exact = EXACT.fullmatch(asked.get(name, ""))
        if asked.get(name) != wanted.get(name) or (exact and version != asked[name]):
            line = line_of(text, rf'"{re.escape(name)}"\s*:')
            message = (
                f'package.json asks for {name} "{asked.get(name)}", package-lock.json has "{wanted.get(name)}" '
                f"and locks {version}: `npm ci` stops, and `npm install` takes what nobody tested"
            )
            fix = "Run npm install and commit package-lock.json"
            yield Finding("package-lock-differs", "high", "package.json", line, message, fix)
        elif version and has_sst(root):  # else nothing is installed
            yield from _installed(root, name, version)


def _installed(root: Path, name: str, version: str) -> Iterator[Finding]:
    there = _json(root, f"node_modules/{name}/package.json").get("version")
    if there == version:
        return
    line = line_of(text_of(root, "package-lock.json"), rf'"node_modules/{re.escape(name)}"')
    what = f"{name} {there} is installed" if there else f"{name} is not installed"
    message = f"{what}, package-lock.json has {version}: the deploy would not be made by what was tested"
    yield Finding("installed-package-differs", "high", "package-lock.json", line, message, "Run npm ci")


def node_version(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Node is asked for in a version that SST runs on."""
    root = rehearsed.root
    pinned = text_of(root, ".nvmrc").strip()
    package = _json(root, "package.json")
    engines = str(package.get("engines", {}).get("node", "")) if package else f">={OLDEST_NODE}"
    engines_line = line_of(text_of(root, "package.json"), r'"node"\s*:')
    for file, line, said in ((".nvmrc", 1, pinned), ("package.json", engines_line, engines)):
        found = re.search(r"\d+", said)
        if not found or int(found.group()) < OLDEST_NODE:
            message = (
                f'{file} asks for Node "{said}": SST wants Node {OLDEST_NODE} or newer, and fails in odd ways without'
            )
            yield Finding("node-too-old", "high", file, line, message, f"Ask for Node {OLDEST_NODE} or newer")


def types(rehearsed: Rehearsed) -> Iterator[Finding]:
    """``tsc --noEmit`` is clean: SST checks no types, and ignores arguments that it does not know."""
    root = rehearsed.root
    if not (root / PLATFORM).is_file():
        install_platform(root, rehearsed.stage, _path(root))
    ran = compiled(root)
    if ran is None and not has_sst(root):
        return  # nothing is installed, and npm says why
    if ran is None:
        why = "TypeScript or Node is not installed, or tsc takes minutes"
        yield _unchecked(why, "Run scripts/setup-env.sh and npm ci")
        return
    output = re.sub(r"\n\s+", " ", ran.stdout)  # an error's further lines are indented
    found = [match for line in output.splitlines() if (match := DIAGNOSTIC.match(line))]
    in_program = [error for error in found if error["file"] != TYPES]
    listed = ran.stdout.splitlines()
    told = [*_looked_at(root, listed), *(_type_error(*error.groups()) for error in found)]
    if in_program and str(root.resolve() / PLATFORM) not in listed:
        # All that tsc says is that it knows neither sst nor aws. Where SST refuses sst.config.ts, that is told already.
        told = [finding for finding in told if finding.file == TYPES]
        if not told and (root / PLATFORM).is_file() and text_of(root, CONFIG).strip():
            message = f"{CONFIG} does not refer to {PLATFORM}: nobody checks the types of what is deployed"
            fix = f'Begin it with /// <reference path="./{PLATFORM}" />'
            told.append(Finding("types-not-checked", "medium", CONFIG, 1, message, fix))
    elif ran.returncode and not told:
        told.append(_unchecked((ran.stdout + ran.stderr).strip()[:300], "Run `npm run typecheck` by hand"))
    yield from told


def _looked_at(root: Path, listed: list[str]) -> Iterator[Finding]:
    """A tsconfig.json that lets pass what it was there to stop."""
    text = text_of(root, TYPES)
    if not text.strip():
        yield _unchecked("there is no tsconfig.json", "Take it from git")
        return
    stack = [file for file, _ in program_files(root) if file == CONFIG or file.startswith("infra/")]
    missed = [file for file in stack if str(root.resolve() / file) not in listed]
    if missed:
        message = f"tsconfig.json leaves out {', '.join(missed)}: nobody sees an argument there that SST would ignore"
        line = line_of(text, r'"(?:include|exclude|files)"')
        yield Finding("types-not-checked", "medium", TYPES, line, message, "Include all that SST bundles")
    for option in ("strict", *STRICT):
        found = re.search(rf'"{option}"\s*:\s*(true|false)', text)
        if (found and found[1] == "false") or (option == "strict" and not found):
            message = (
                f"tsconfig.json has no `{option}`: a value that may be undefined goes unseen into what is deployed"
            )
            line = line_at(text, found.start()) if found else line_of(text, '"compilerOptions"')
            yield Finding("types-not-strict", "medium", TYPES, line, message, 'Write "strict": true, alone')


def _path(root: Path) -> str:
    return os.pathsep.join([str(root / ".venv/bin"), os.environ.get("PATH", "")])


@cache
def compiled(root: Path) -> subprocess.CompletedProcess[str] | None:
    """What tsc says, asked once; ``None`` where it cannot be asked."""
    program = root / "node_modules/typescript/bin/tsc"
    interpreter = shutil.which("node", path=_path(root))
    if not program.is_file() or interpreter is None:
        return None
    command = [interpreter, str(program), "--noEmit", "--pretty", "false", "--listFiles"]
    try:
        return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        return None


def _type_error(file: str, line: str, code: str, said: str) -> Finding:
    if len(said) > LONGEST:
        said = f"{said[: LONGEST // 2]} ... {said[-LONGEST // 2 :]}"  # it begins with what, and ends with why
    severity: Severity = "high"
    message = (
        f"{code}: {said.rstrip('.')}. "
        "SST strips types without a check, so the program fails when it runs, or does another thing"
    )
    if code in UNKNOWN_PROPERTY or "does not exist in type" in said:
        severity = "medium"
        message = (
            f"{code}: {said} SST silently ignores an argument that it does not know: the setting has no effect on AWS"
        )
    return Finding(
        "typescript-error", severity, file, int(line), message, "Use what the component's type has, or `transform`"
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
        return  # tsc then says what is missing


CHECKS = (packages, node_version, types)
