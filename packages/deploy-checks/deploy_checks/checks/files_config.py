"""sst.config.ts and infra/: what SST refuses or silently bends, and what belongs to one person or one account."""

import re
from collections.abc import Iterator
from pathlib import Path

from stack_graph.graph import Rehearsed
from stack_graph.stages import is_stage, stage_names

from deploy_checks.checks.files_text import line_at, line_of, program_files, text_of
from deploy_checks.finding import Finding, Severity

CONFIG = "sst.config.ts"
PLACEHOLDERS = {"111122223333", "000000000000"}
"""AWS's documentation uses the first, nobody has the second."""

FOLDERS = ("", "src", "app", "functions", "lambda", "handlers", "lib")
"""Where SST looks for a handler's file, in this order."""

STAGES = "project.config.ts"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
WANTED = "SST takes only letters, digits and hyphens, and a letter first"


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
            continue  # esbuild drops it before SST looks
        message = "SST stops with `Your sst.config.ts has top level imports - this is not allowed`"
        fix = "Import inside app() or run(): `const { x } = await import(...)`"
        yield Finding("config-top-level-import", "high", CONFIG, line_at(text, found.start()), message, fix)
    if not re.search(r"\bhome:\s*[\"'](aws|cloudflare|local)[\"']", text):
        line = line_of(text, r"^\s*(async\s+)?app\s*\(")
        message = "app() names no `home`: SST does not know where to keep the state, and stops"
        yield Finding("config-home-missing", "high", CONFIG, line, message, 'Return home: "aws" from app()')
    name = str(rehearsed.graph.data.get("app", ""))
    if name and not NAME.fullmatch(name):
        message = f'The app is called "{name}": {WANTED}'
        yield Finding("app-name-invalid", "high", CONFIG, line_of(text, r"\bname:"), message, "Rename it")


def stage(rehearsed: Rehearsed) -> Iterator[Finding]:
    """SST takes the stage's name, and the stage has settings."""
    root, name = rehearsed.root, rehearsed.stage
    known = stage_names(root)
    line = line_of(text_of(root, STAGES), r"^export const stages\b")
    fix = f"Give --stage one of {', '.join(known)}, or dev-NAME for a copy of dev"
    if not NAME.fullmatch(name):
        yield Finding("stage-name-invalid", "high", STAGES, line, f'The stage is called "{name}": {WANTED}', fix)
    elif known and not is_stage(root, name):
        message = f'There is no stage "{name}" in {STAGES}: sst deploy stops before it has made anything'
        yield Finding("stage-unknown", "high", STAGES, line, message, fix)


def _used(clause: str, rest: str) -> bool:
    """Whether one of the names that an import binds is used; an import of no name is there for what it does."""
    names = re.findall(r"(?:[\w$]+\s+as\s+)?([\w$]+)", re.sub(r"\bfrom\s*$|\*\s*as\b|\btype\b", " ", clause))
    return not names or any(re.search(rf"\b{re.escape(name)}\b", rest) for name in names)


def javascript(rehearsed: Rehearsed) -> Iterator[Finding]:
    """SST puts its own imports into every file, and in JavaScript a second one of the same name is an error."""
    for path in sorted((rehearsed.root / "infra").rglob("*.js")):
        file = str(path.relative_to(rehearsed.root))
        text = text_of(rehearsed.root, file)
        if found := re.search(r"^import\b.*[\"']@pulumi/aws[\"']", text, re.MULTILINE):
            message = f'{file} imports @pulumi/aws: SST stops with `The symbol "aws" has already been declared`'
            line = line_at(text, found.start())
            yield Finding("javascript-imports-aws", "high", file, line, message, "Rename it to .ts, or drop the import")


def personal_settings(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No profile, role or account is written into the program."""
    rules: tuple[tuple[str, Severity, str, str, str], ...] = (
        (
            "hard-coded-profile",
            "high",
            r"\bprofile:\s*[\"'`]",
            "An AWS profile is written into the program: elsewhere it stops with `failed to get shared config profile`",
            "Drop it: credentials come from AWS_PROFILE or the environment",
        ),
        (
            "hard-coded-role",
            "high",
            r"\bassumeRoles?:",
            "The program assumes a role: without sts:AssumeRole for it every deploy fails",
            "Drop it: let the credentials be the right ones before SST runs",
        ),
    )
    for file, text in program_files(rehearsed.root):
        for rule, severity, pattern, message, fix in rules:
            for found in re.finditer(pattern, text):
                if not _commented(text, found.start()):
                    yield Finding(rule, severity, file, line_at(text, found.start()), message, fix)
        for found in re.finditer(r"(?<![\w.])\d{12}(?![\w.])", text):
            if found.group() not in PLACEHOLDERS:
                message = "A 12-digit account id is written into the program: the deploy goes to that account, or fails"
                fix = "Take it from the stage's account variable, see accountVariable in project.config.ts"
                yield Finding("hard-coded-account", "high", file, line_at(text, found.start()), message, fix)


def _commented(text: str, offset: int) -> bool:
    return text[text.rfind("\n", 0, offset) + 1 : offset].lstrip().startswith(("//", "*", "/*"))


def builds(rehearsed: Rehearsed) -> Iterator[Finding]:
    """What SST's words about a build leave open: which line they are about."""
    said = " ".join(str(entry.get("message")) for entry in rehearsed.graph.data.get("diagnostics", []))
    root = rehearsed.root
    for runtime in dict.fromkeys(re.findall(r"Runtime not found: (\S+)", said)):
        file, line = _written(root, rf"[\"'`]{re.escape(runtime)}[\"'`]") or (CONFIG, 1)
        message = f"SST knows no runtime {runtime}, and stops"
        yield Finding("runtime-unknown", "high", file, line, message, 'Write it as AWS does: "python3.12"')
    for handler in dict.fromkeys(re.findall(r"Handler not found: (\S+)", said)):
        if any((root / folder / f"{handler.rpartition('.')[0]}.py").is_file() for folder in FOLDERS):
            arguments = (rf"(?m)^\s*{name}(?:,$|: )" for name in ("runtime", "architecture"))
            places = (_written(root, pattern, "infra/") for pattern in (*arguments, re.escape(handler)))
            file, line = next((place for place in places if place), (CONFIG, 1))
            message = f"SST stops with `Handler not found: {handler}`, which is there: it looks for another language"
            fix = 'Give the function runtime: "python3.12"; without one, SST takes it for Node.js'
            yield Finding("runtime-missing", "high", file, line, message, fix)
    for file, text in program_files(root):
        for found in re.finditer(r"\bcontainer:\s*(?:true|\{)", text):
            if not _commented(text, found.start()):
                message = "SST's own Dockerfile has Python 3.11, whatever the runtime: the image is not what is tested"
                fix = "Drop python.container: an archive does"
                line = line_at(text, found.start())
                yield Finding("function-in-container", "high", file, line, message, fix)


def _written(root: Path, pattern: str, folder: str = "") -> tuple[str, int] | None:
    """The first line of the program that is like that."""
    for file, text in program_files(root):
        for found in re.finditer(pattern, text):
            if file.startswith(folder) and not _commented(text, found.start()):
                return file, line_at(text, found.end() - 1)
    return None


def handlers(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each handler names a file, with slashes, below functions/."""
    written: set[str] = set()
    for file, text in program_files(rehearsed.root):
        for found in re.finditer(r"\bhandler:\s*[\"'`]([^\"'`$]+)[\"'`]", text):
            if not _commented(text, found.start()):
                written.add(found.group(1))
                yield from _handler(rehearsed.root, found.group(1), file, line_at(text, found.start()))
    for function, _ in rehearsed.functions():
        handler = str(function.value("handler"))
        if handler not in written and str(function.value("runtime")).startswith("python"):
            yield from _handler(rehearsed.root, handler, function.file, function.line)


def _handler(root: Path, handler: str, file: str, line: int) -> Iterator[Finding]:
    module, _, function = handler.removeprefix("./").rpartition(".")
    candidates = [root / folder / f"{module}.py" for folder in FOLDERS]
    source = next((path for path in candidates if path.is_file()), None)
    if source is None:
        dotted = module.replace(".", "/") != module
        why = "it is written with dots, and SST looks for a file" if dotted else "there is no such file"
        message = f"Handler {handler}: {why}. SST stops with `Handler not found`"
        fix = "Write it as pipeline/jobs/handlers/NAME.handler"
        yield Finding("handler-not-found", "high", file, line, message, fix)
        return
    name = re.escape(function)
    defined = rf"^(?:async\s+)?(?:def|class)\s+{name}\b|^{name}\b\s*[:=]|\bimport\b.*\b{name}\b"
    if not re.search(defined, source.read_text(encoding="utf-8"), re.MULTILINE):
        where = source.relative_to(root)
        message = f"Handler {handler}: {where} has no `{function}`, so every call fails with Runtime.HandlerNotFound"
        yield Finding("handler-not-defined", "critical", file, line, message, f"Define {function} in {where}")
    if module.startswith("functions/"):
        message = (
            f"Handler {handler}: the archive keeps the folder functions/, so `import analysis` fails on AWS with "
            "`No module named 'analysis'`"
        )
        fix = f"Write {handler.removeprefix('functions/')}: SST finds it below functions/"
        yield Finding("handler-keeps-prefix", "critical", file, line, message, fix)


CHECKS = (program_exists, config_file, builds, stage, javascript, personal_settings, handlers)
