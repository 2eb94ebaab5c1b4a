"""sst.config.ts and infra/: settings that SST refuses or ignores, and values of one person or one account."""

import re
from collections.abc import Iterator
from pathlib import Path

from stack_graph.graph import Rehearsed, is_python
from stack_graph.stages import is_stage, stage_names

from deploy_checks.archive import CANDIDATES, source_of
from deploy_checks.checks.files_text import line_at, line_of, program_files, text_of
from deploy_checks.finding import Finding, Severity
from deploy_checks.rules import Rule
from deploy_checks.subjects import is_product

CONFIG = "sst.config.ts"
PLACEHOLDERS = {"111122223333", "000000000000"}
"""Account ids that belong to no account: AWS's documentation uses the first."""

PUBLISHED = re.compile(r"arn:aws[\w-]*:lambda:[^:\s]*:\d{12}:layer:|\b\d{12}\.dkr\.ecr\.")
"""Layers and images that another account publishes for everyone, such as Lambda Insights."""

STAGES = "project.config.ts"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
NAME_RULE = "SST accepts names that match [A-Za-z][A-Za-z0-9-]*"


def program_exists(rehearsed: Rehearsed) -> Iterator[Finding]:
    """sst.config.ts exists and is not empty."""
    if not text_of(rehearsed.root, CONFIG).strip():
        message = f"{CONFIG} is missing or empty: SST finds no app, and deploys nothing"
        yield Finding(
            "config-missing", "high", CONFIG, 1, message, "Restore it from git, or give --root another folder"
        )


def config_file(rehearsed: Rehearsed) -> Iterator[Finding]:
    """SST's rules for sst.config.ts."""
    text = text_of(rehearsed.root, CONFIG)
    if not text.strip():
        return  # reported by program_exists
    for found in re.finditer(r"^import\s+(?!type\b)([^;]*?)[\"'][^\"']+[\"'].*$", text, re.MULTILINE):
        if not _used(found.group(1), text[: found.start()] + text[found.end() :]):
            continue  # esbuild removes it before SST reads the file
        message = "SST stops with `Your sst.config.ts has top level imports - this is not allowed`"
        fix = "Import inside app() or run(): `const { x } = await import(...)`"
        yield Finding("config-top-level-import", "high", CONFIG, line_at(text, found.start()), message, fix)
    if not re.search(r"\bhome:\s*[\"'](aws|cloudflare|local)[\"']", text):
        line = line_of(text, r"^\s*(async\s+)?app\s*\(")
        message = "app() names no `home`: SST does not know where to store the state, and stops"
        yield Finding("config-home-missing", "high", CONFIG, line, message, 'Return home: "aws" from app()')
    name = str(rehearsed.graph.data.get("app", ""))
    if name and not NAME.fullmatch(name):
        message = f'The app is named "{name}": {NAME_RULE}'
        yield Finding("app-name-invalid", "high", CONFIG, line_of(text, r"\bname:"), message, "Rename it")


def stage(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The stage's name is valid, and the stage has settings."""
    root, name = rehearsed.root, rehearsed.stage
    known = stage_names(root)
    line = line_of(text_of(root, STAGES), r"^export const stages\b")
    fix = f"Give --stage one of {', '.join(known)}, or dev-NAME for a copy of dev"
    if not NAME.fullmatch(name):
        yield Finding("stage-name-invalid", "high", STAGES, line, f'The stage is named "{name}": {NAME_RULE}', fix)
    elif known and not is_stage(root, name):
        message = f'{STAGES} has no stage "{name}": sst deploy stops before it creates anything'
        yield Finding("stage-unknown", "high", STAGES, line, message, fix)


def _used(clause: str, rest: str) -> bool:
    """Whether one of the names that an import binds is used. An import without names has side effects, so it is."""
    names = re.findall(r"(?:[\w$]+\s+as\s+)?([\w$]+)", re.sub(r"\bfrom\s*$|\*\s*as\b|\btype\b", " ", clause))
    return not names or any(re.search(rf"\b{re.escape(name)}\b", rest) for name in names)


def javascript(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No JavaScript file imports @pulumi/aws: SST adds this import to every file, and a second one is an error."""
    for path in sorted((rehearsed.root / "infra").rglob("*.js")):
        file = str(path.relative_to(rehearsed.root))
        text = text_of(rehearsed.root, file)
        if found := re.search(r"^import\b.*[\"']@pulumi/aws[\"']", text, re.MULTILINE):
            message = f'{file} imports @pulumi/aws: SST stops with `The symbol "aws" has already been declared`'
            line = line_at(text, found.start())
            yield Finding(
                "javascript-imports-aws", "high", file, line, message, "Rename it to .ts, or remove the import"
            )


def personal_settings(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The program contains no profile, role or account."""
    rules: tuple[tuple[Rule, Severity, str, str, str], ...] = (
        (
            "hard-coded-profile",
            "high",
            r"\bprofile:\s*[\"'`]",
            "The program names an AWS profile: on other machines it stops with `failed to get shared config profile`",
            "Remove it: credentials come from AWS_PROFILE or the environment",
        ),
        (
            "hard-coded-role",
            "high",
            r"\bassumeRoles?:",
            "The program assumes a role: every deploy without sts:AssumeRole for it fails",
            "Remove it: assume the role before SST runs",
        ),
    )
    for file, text in program_files(rehearsed.root):
        for rule, severity, pattern, message, fix in rules:
            for found in re.finditer(pattern, text):
                if not _commented(text, found.start()):
                    yield Finding(rule, severity, file, line_at(text, found.start()), message, fix)
        own = PUBLISHED.sub(lambda found: " " * len(found[0]), text)
        for found in re.finditer(r"(?<![\w.])\d{12}(?![\w.])", own):
            if found.group() not in PLACEHOLDERS:
                message = "The program contains a 12-digit account id: stages in other accounts use that account too"
                fix = "Take it from the stage's account variable, see accountVariable in project.config.ts"
                yield Finding("hard-coded-account", "medium", file, line_at(text, found.start()), message, fix)


def _commented(text: str, offset: int) -> bool:
    return text[text.rfind("\n", 0, offset) + 1 : offset].lstrip().startswith(("//", "*", "/*"))


def builds(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The lines that SST's errors about builds are about, which it does not name."""
    messages = " ".join(str(entry.get("message")) for entry in rehearsed.graph.data.get("diagnostics", []))
    root = rehearsed.root
    for runtime in dict.fromkeys(re.findall(r"Runtime not found: (\S+)", messages)):
        file, line = _written(root, rf"[\"'`]{re.escape(runtime)}[\"'`]") or (CONFIG, 1)
        message = f"SST does not support the runtime {runtime}, and stops"
        yield Finding("runtime-unknown", "high", file, line, message, 'Write it as AWS does: "python3.12"')
    for handler in dict.fromkeys(re.findall(r"Handler not found: (\S+)", messages)):
        if source_of(root, handler):
            arguments = (rf"(?m)^\s*{name}(?:,$|: )" for name in ("runtime", "architecture"))
            places = (_written(root, pattern, "infra/") for pattern in (*arguments, re.escape(handler)))
            file, line = next((place for place in places if place), (CONFIG, 1))
            message = (
                f"SST stops with `Handler not found: {handler}`, although the file exists: it looks for another "
                "language"
            )
            fix = 'Give the function runtime: "python3.12"; without it, SST expects Node.js'
            yield Finding("runtime-missing", "high", file, line, message, fix)
    for file, text in program_files(root):
        for found in re.finditer(r"\bcontainer:\s*(?:true|\{)", text):
            if not _commented(text, found.start()):
                message = "SST's own Dockerfile has Python 3.11, whatever the runtime: the tests run on another Python"
                fix = "Remove python.container: an archive is enough"
                line = line_at(text, found.start())
                yield Finding("function-in-container", "high", file, line, message, fix)


def _written(root: Path, pattern: str, folder: str = "") -> tuple[str, int] | None:
    """The first line of the program that matches."""
    for file, text in program_files(root):
        for found in re.finditer(pattern, text):
            if file.startswith(folder) and not _commented(text, found.start()):
                return file, line_at(text, found.end() - 1)
    return None


def handlers(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each handler names a file below functions/, with slashes."""
    written: set[str] = set()
    for file, text in program_files(rehearsed.root):
        for found in re.finditer(r"\bhandler:\s*[\"'`]([^\"'`$]+)[\"'`]", text):
            if not _commented(text, found.start()):
                written.add(found.group(1))
                yield from _handler(rehearsed.root, found.group(1), file, line_at(text, found.start()))
    for function, _ in rehearsed.functions():
        handler = str(function.value("handler"))
        if handler not in written and is_python(function):
            yield from _handler(rehearsed.root, handler, function.file, function.line)


def _handler(root: Path, handler: str, file: str, line: int) -> Iterator[Finding]:
    module, _, function = handler.removeprefix("./").rpartition(".")
    source = source_of(root, handler)
    if source is None and any(candidate for folder in CANDIDATES for candidate in (root / folder).glob(f"{module}.*")):
        return  # another language
    if source is None:
        dotted = module.replace(".", "/") != module
        why = "it has dots, and SST looks for a file" if dotted else "the file does not exist"
        message = f"Handler {handler}: {why}. SST stops with `Handler not found`"
        fix = "Write it as a path without .py, followed by .handler"
        yield Finding("handler-not-found", "high", file, line, message, fix)
        return
    name = re.escape(function)
    defined = rf"^(?:async\s+)?(?:def|class)\s+{name}\b|^{name}\b\s*[:=]|\bimport\b.*\b{name}\b"
    if not re.search(defined, source.read_text(encoding="utf-8"), re.MULTILINE):
        where = source.relative_to(root)
        message = f"Handler {handler}: {where} has no `{function}`, so every call fails with Runtime.HandlerNotFound"
        yield Finding("handler-not-defined", "critical", file, line, message, f"Define {function} in {where}")
    if module.startswith("functions/") and is_product(root):
        package = module.split("/")[1]
        message = (
            f"Handler {handler}: the archive keeps the folder functions/, so `import {package}` fails on AWS with "
            f"`No module named '{package}'`"
        )
        fix = f"Write {handler.removeprefix('functions/')}: SST finds it below functions/"
        yield Finding("handler-keeps-prefix", "critical", file, line, message, fix)


CHECKS = (program_exists, config_file, builds, stage, javascript, personal_settings, handlers)
