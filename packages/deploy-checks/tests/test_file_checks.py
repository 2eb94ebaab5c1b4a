"""The checks over files: each is shown a copy of the repository with one fault, and the copy without it."""

import inspect
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from deploy_checks.checks import (
    files_code,
    files_config,
    files_imports,
    files_leftovers,
    files_models,
    files_node,
    files_python_version,
    files_toolchain,
)
from deploy_checks.checks.files_python_version import allowed_minors
from deploy_checks.finding import Finding
from stack_graph.graph import Graph, Rehearsed

ROOT = Path(__file__).parents[2]
COPIED = (
    ".env",
    ".nvmrc",
    ".python-version",
    "package-lock.json",
    "package.json",
    "project.config.ts",
    "pyproject.toml",
    "sst.config.ts",
    "tsconfig.json",
    "uv.lock",
)
PROJECTS = tuple(str(file.relative_to(ROOT)) for file in sorted(ROOT.glob("packages/*/pyproject.toml")))
FOLDERS = ("database", "functions", "infra")
MODULES = (
    files_code,
    files_config,
    files_imports,
    files_leftovers,
    files_models,
    files_node,
    files_python_version,
    files_toolchain,
)
WITHOUT_TYPES = tuple(check for module in MODULES for check in module.CHECKS if check is not files_node.types)
MODELS = "functions/pipeline/models/catalogue.json"


def function(name: str, timeout: int, role: str = "arn:plain") -> dict[str, Any]:
    handler = {
        "handler": f"pipeline/jobs/handlers/{name}.handler",
        "runtime": "python3.12",
        "timeout": timeout,
        "role": role,
    }
    return resource("aws:lambda/function:Function", name, handler, f"infra/{name}.ts")


def resource(kind: str, name: str, inputs: dict[str, Any], file: str = "infra/x.ts") -> dict[str, Any]:
    return {
        "urn": f"urn:{name}",
        "type": kind,
        "name": name,
        "parent": None,
        "inputs": inputs,
        "outputs": {"arn": "arn:models"} if kind.startswith("aws:iam") else {},
        "sourcePosition": {"file": file, "line": 7},
        "propertyDependencies": {},
    }


def graph() -> dict[str, Any]:
    policy = {"inlinePolicies": [{"policy": '{"Action": "bedrock:InvokeModel"}'}]}
    return {
        "app": "bedrock-pipeline",
        "stage": "dev",
        "region": "us-east-1",
        "complete": True,
        "resources": [
            function("api", 29),
            function("worker", 600, "arn:models"),
            resource("aws:iam/role:Role", "ProcessorRole", policy),
            resource("aws:ssm/parameter:Parameter", "Config", {"name": "/p/dev/config", "insecureValue": "{}"}),
        ],
    }


@dataclass
class Tree:
    """A copy of the repository to spoil."""

    root: Path
    data: dict[str, Any]

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.root / file).read_text()
        assert old in text, f"{file} has no {old!r}"
        (self.root / file).write_text(text.replace(old, new, 1))

    def add(self, file: str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text)

    def append(self, file: str, text: str) -> None:
        self.add(file, (self.root / file).read_text() + text)

    def line(self, file: str, text: str) -> int:
        lines = (self.root / file).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def findings(self, checks: Any = WITHOUT_TYPES) -> list[Finding]:
        rehearsed = Rehearsed(self.root, "dev", Graph(self.data), ())
        return [finding for check in checks if check is not files_node.types for finding in check(rehearsed)]

    def type_errors(self) -> list[Finding]:
        files_node.compiled.cache_clear()  # the command asks once; a test edits in between
        return list(files_node.types(Rehearsed(self.root, "dev", Graph(self.data), ())))


def checks_of(rule: str) -> list[Any]:
    """The checks whose own text names the rule, or all."""
    return [check for check in WITHOUT_TYPES if f'"{rule}"' in inspect.getsource(check)] or list(WITHOUT_TYPES)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    monkeypatch.setenv("UV_OFFLINE", "1")
    for file in (*COPIED, *PROJECTS):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__", "[!u]*.pem"))
    for name, version in json.loads((ROOT / "package.json").read_text())["devDependencies"].items():
        add = {"name": name, "version": version}
        (tmp_path / "node_modules" / name).mkdir(parents=True)
        (tmp_path / "node_modules" / name / "package.json").write_text(json.dumps(add))
    return Tree(tmp_path, graph())


def test_a_copy_without_a_fault_has_no_finding(tree: Tree) -> None:
    assert tree.findings() == []


def test_no_finding_either_where_the_deploy_could_not_be_rehearsed(tree: Tree) -> None:
    tree.data = {"stage": "dev", "resources": []}
    assert tree.findings() == []


def edit(file: str, old: str, new: str) -> Callable[[Tree], None]:
    return lambda tree: tree.edit(file, old, new)


def add(file: str, text: str) -> Callable[[Tree], None]:
    return lambda tree: tree.add(file, text)


def append(file: str, text: str) -> Callable[[Tree], None]:
    return lambda tree: tree.append(file, text)


def remove(file: str) -> Callable[[Tree], None]:
    return lambda tree: (tree.root / file).unlink()


def narrow(seconds: int) -> Callable[[Tree], None]:
    return lambda tree: tree.data["resources"][1]["inputs"].update(timeout=seconds)


API = "functions/pipeline/jobs/handlers/api.py"
AWS = "functions/pipeline/platform/aws.py"
POSTGRES = "functions/pipeline/platform/postgres.py"
HAIKU_45 = '"id": "global.anthropic.claude-haiku-4-5-20251001-v1:0"'

FAULTS: dict[str, tuple[Callable[[Tree], object], str, str, str | int]] = {
    # what is done: (how, rule, file, line: a number, or text that stands in it)
    "a dependency that is not locked": (
        edit("functions/pyproject.toml", '"pg8000==1.31.6"', '"pg8000==1.31.5"'),
        "lock-stale",
        "uv.lock",
        1,
    ),
    "a project without a version": (
        edit("functions/pyproject.toml", 'dynamic = ["version"]\n', ""),
        "project-refused",
        "functions/pyproject.toml",
        1,
    ),
    "a dependency of any version": (
        edit("functions/pyproject.toml", "pg8000==1.31.6", "pg8000>=1.31"),
        "dependency-not-pinned",
        "functions/pyproject.toml",
        "pg8000",
    ),
    "no root project": (remove("pyproject.toml"), "project-file-broken", "pyproject.toml", 1),
    "letters of another time": (
        lambda tree: (tree.root / "pyproject.toml").write_bytes(b'[project]\nname = "\xef"\n'),
        "project-file-broken",
        "pyproject.toml",
        2,
    ),
    "merge markers in uv.lock": (append("uv.lock", "\n<<<<<<< main\n"), "project-file-broken", "uv.lock", "<<<<<<<"),
    "a workspace in a workspace": (
        append("functions/pyproject.toml", "\n[tool.uv.workspace]\nmembers = []\n"),
        "workspace-nested",
        "functions/pyproject.toml",
        "[tool.uv.workspace]",
    ),
    "functions is no member": (
        edit("pyproject.toml", 'members = ["functions", "packages/*"]', 'members = ["packages/*"]'),
        "workspace-member-missing",
        "pyproject.toml",
        "members =",
    ),
    "functions without a project": (
        remove("functions/pyproject.toml"),
        "workspace-member-missing",
        "functions/pyproject.toml",
        1,
    ),
    "a member without a source": (
        edit("pyproject.toml", "pipeline = { workspace = true }\n", ""),
        "workspace-source-missing",
        "pyproject.toml",
        '"pipeline",',
    ),
    "another Python in functions": (
        edit("functions/pyproject.toml", "==3.12.*", ">=3.11"),
        "requires-python-differs",
        "functions/pyproject.toml",
        "requires-python",
    ),
    "another pin": (add(".python-version", "3.13\n"), "python-pin-differs", ".python-version", 1),
    "a patch that is not installed": (add(".python-version", "3.12.99\n"), "python-pin-patch", ".python-version", 1),
    "no build system": (
        edit("functions/pyproject.toml", "[build-system]", "[tool.nothing]"),
        "build-system-missing",
        "functions/pyproject.toml",
        1,
    ),
    "no UV_PYTHON": (add(".env", "OTHER=1\n"), "uv-python-differs", ".env", 1),
    "another UV_PYTHON": (add(".env", "A=1\nUV_PYTHON=3.11\n"), "uv-python-differs", ".env", 2),
    "an older .venv": (add(".venv/pyvenv.cfg", "version = 3.11.4\n"), "venv-other-python", ".venv/pyvenv.cfg", 1),
    "sst in a range": (
        edit("package.json", '"sst": "4.17.1"', '"sst": "^4.17.1"'),
        "sst-not-pinned",
        "package.json",
        '"sst"',
    ),
    "another sst than locked": (
        edit("package.json", '"sst": "4.17.1"', '"sst": "4.18.0"'),
        "package-lock-differs",
        "package.json",
        '"sst"',
    ),
    "another sst installed": (
        add("node_modules/sst/package.json", '{"version": "3.17.14"}'),
        "installed-package-differs",
        "package-lock.json",
        '"node_modules/sst"',
    ),
    "an old Node": (add(".nvmrc", "20\n"), "node-too-old", ".nvmrc", 1),
    "an old Node in engines": (edit("package.json", ">=22", ">=18"), "node-too-old", "package.json", '"node"'),
    "an import at the top": (
        edit("sst.config.ts", "export default", 'import { x } from "./infra/api";\nx();\nexport default'),
        "config-top-level-import",
        "sst.config.ts",
        "import { x }",
    ),
    "no home": (edit("sst.config.ts", 'home: "aws",', ""), "config-home-missing", "sst.config.ts", "async app("),
    "JavaScript with aws": (
        add("infra/more.js", 'const a = 1;\nimport * as aws from "@pulumi/aws";\n'),
        "javascript-imports-aws",
        "infra/more.js",
        2,
    ),
    "a profile": (
        edit("sst.config.ts", "aws: { region,", 'aws: { profile: "mine", region,'),
        "hard-coded-profile",
        "sst.config.ts",
        "profile:",
    ),
    "a role": (
        edit("sst.config.ts", "aws: { region,", 'aws: { assumeRoles: [{ roleArn: "x" }], region,'),
        "hard-coded-role",
        "sst.config.ts",
        "assumeRoles",
    ),
    "an account": (
        append("infra/stage.ts", '\nconst a = "444455556666";\n'),
        "hard-coded-account",
        "infra/stage.ts",
        "4444",
    ),
    "a handler with dots": (
        edit("infra/jobs/api.ts", "pipeline/jobs/handlers/api.handler", "pipeline.jobs.handlers.api.handler"),
        "handler-not-found",
        "infra/jobs/api.ts",
        "handler:",
    ),
    "a handler below functions/": (
        edit("infra/jobs/api.ts", "pipeline/jobs/handlers/api", "functions/pipeline/jobs/handlers/api"),
        "handler-keeps-prefix",
        "infra/jobs/api.ts",
        "handler:",
    ),
    "a handler that is not defined": (
        edit("infra/jobs/api.ts", "api.handler", "api.main"),
        "handler-not-defined",
        "infra/jobs/api.ts",
        "handler:",
    ),
    "a relative import": (append(API, "\nfrom . import http\n"), "import-relative", API, "from . import"),
    "an import that is not shipped": (
        append(API, "\nimport local_stack\n"),
        "import-undeclared",
        API,
        "import local_stack",
    ),
    "an undeclared import": (append(API, "\nimport requests\n"), "import-undeclared", API, "import requests"),
    "a module that is not there": (
        append(API, "\nfrom pipeline.jobs.nothing import x\n"),
        "import-unresolved",
        API,
        "jobs.nothing",
    ),
    "a folder that SST drops": (
        add("functions/pipeline/temp/rules.py", "X = 1\n"),
        "folder-dropped",
        "functions/pipeline/temp/rules.py",
        1,
    ),
    "code that is none": (append(API, "\ndef broken(:\n"), "code-does-not-parse", API, "def broken("),
    "payload format 1.0": (
        append(API, '\ndef f(event): return event["httpMethod"]\n'),
        "payload-format-one",
        API,
        "httpMethod",
    ),
    "a print": (append(API, "\nprint(1)\n"), "print-left", API, "print(1)"),
    "a breakpoint": (append(API, "\nbreakpoint()\n"), "debugger-left", API, "breakpoint()"),
    "a client with botocore's waits": (
        edit(AWS, '.client("sqs", config=_service_config())', '.client("sqs")'),
        "client-without-waits",
        AWS,
        '.client("sqs")',
    ),
    "small calls that take too long": (
        edit(AWS, "read_timeout=calls.read_timeout_s,", "read_timeout=20,"),
        "client-outlives-function",
        AWS,
        "def sqs(",
    ),
    "a model call that takes too long": (narrow(120), "client-outlives-function", AWS, "def bedrock_runtime("),
    "no TLS": (
        edit(
            POSTGRES,
            "            ssl_context=tls_context(settings.db_host, settings.aws_region) "
            "if settings.remote_database else False,\n",
            "",
        ),
        "database-without-tls",
        POSTGRES,
        "connection = native.Connection(",
    ),
    "no authority for the region": (
        remove("functions/pipeline/platform/rds_ca/us-east-1.pem"),
        "rds-authority-missing",
        "functions/pipeline/platform/rds_ca/us-east-1.pem",
        1,
    ),
    "a gap in the migrations": (
        add("database/migrations/0099_add_more.sql", "SELECT 1;"),
        "migration-numbering",
        "database/migrations/0099_add_more.sql",
        1,
    ),
    "a migration with another name": (
        add("database/migrations/more.sql", "SELECT 1;"),
        "migration-misnamed",
        "database/migrations/more.sql",
        1,
    ),
    "no schema": (remove("database/schema.sql"), "schema-missing", "database/schema.sql", 1),
    "an alias of nothing": (
        edit(MODELS, '"fast": "us.amazon', '"fast": "xx.amazon'),
        "model-unlisted",
        MODELS,
        '"fast":',
    ),
    "an alias of what has ended": (
        edit(
            MODELS,
            '"haiku": "global.anthropic.claude-haiku-4-5-20251001',
            '"haiku": "us.anthropic.claude-3-haiku-20240307',
        ),
        "model-ended",
        MODELS,
        '"haiku":',
    ),
    "broken catalogue.json": (edit(MODELS, '"true_on"', "true_on"), "models-not-loadable", MODELS, 2),
}


HARMLESS: dict[str, Callable[[Tree], object]] = {
    "a byte order mark": lambda tree: (tree.root / "pyproject.toml").write_bytes(
        b"\xef\xbb\xbf" + (tree.root / "pyproject.toml").read_bytes()
    ),
    "an empty __init__.py less": remove("functions/pipeline/jobs/handlers/__init__.py"),
    "an unused import at the top": edit("sst.config.ts", "export", 'import { unused } from "./infra/api";\nexport'),
    "a type imported at the top": edit("sst.config.ts", "export", 'import type { project } from "./x";\nexport'),
    "aws imported in TypeScript": append("infra/jobs/queue.ts", '\nimport * as aws from "@pulumi/aws";\n'),
    "another pin below functions/": add("functions/.python-version", "3.11\n"),
    "an environment below functions/": add("functions/.venv/lib/x.py", "import requests\n"),
    "AWS's own example of an account": append("infra/stage.ts", '\nconst a = "111122223333";\n'),
    "a profile in a comment": append("infra/stage.ts", '\n// profile: "mine"\n'),
}


def test_what_does_no_harm_is_no_finding(tree: Tree) -> None:
    for change in HARMLESS.values():
        change(tree)
    assert tree.findings() == []


def test_code_that_adds_to_the_request_is_seen(tree: Tree) -> None:
    tree.edit(
        "functions/pipeline/models/converse.py",
        "dict(request.inference)",
        '{"temperature": 0, **request.inference, "topP": 1}',
    )
    found = tree.findings(files_models.CHECKS)
    assert {finding.id for finding in found} == {"model-refuses-parameters"}


def test_a_folder_beside_the_package_is_not_copied(tree: Tree) -> None:
    tree.add("functions/shared/__init__.py", "")
    tree.append(API, "\nimport shared\n")
    [finding] = tree.findings(files_imports.CHECKS)
    assert (finding.id, finding.file, finding.line) == ("import-not-copied", API, tree.line(API, "import shared"))


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_is_found_where_it_is(tree: Tree, what: str) -> None:
    spoil, rule, file, place = FAULTS[what]
    spoil(tree)
    found = tree.findings(checks_of(rule))
    lines = {finding.line for finding in found if (finding.id, finding.file) == (rule, file)}
    expected = place if isinstance(place, int) else tree.line(file, place)
    assert expected in lines, found
    assert all(finding.message and finding.fix for finding in found)


def test_a_model_that_refuses_the_pair_is_not_sent_it(tree: Tree) -> None:
    text = (tree.root / MODELS).read_text()
    before, _, after = text.partition(HAIKU_45)
    after = after.replace("temperature_or_top_p", "temperature_and_top_p", 1)
    tree.add(MODELS, before + HAIKU_45 + after)
    [finding] = tree.findings(files_models.CHECKS)
    assert (finding.id, finding.line) == ("model-refuses-parameters", tree.line(MODELS, HAIKU_45))


@pytest.mark.parametrize(
    ("model", "sets"),
    [
        ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", 0),
        ("global.anthropic.claude-sonnet-4-20250514-v1:0", 0),
        ("global.anthropic.claude-haiku-4-5-20251001-v1:0", 1),
        ("global.anthropic.claude-sonnet-5", 2),
        ("us.amazon.nova-pro-v1:0", 0),
    ],
)
def test_what_models_refuse(model: str, sets: int) -> None:
    assert len(files_models.refused(model)) == sets


def test_an_old_list_of_models_is_told(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_models, "today", lambda: date(2027, 9, 1))
    found = {finding.id: finding for finding in tree.findings(files_models.CHECKS)}
    assert found["models-list-old"].severity == "low"
    assert found["models-list-old"].line == 2


def test_names_that_sst_refuses(tree: Tree) -> None:
    tree.data["app"] = "analysis_pipeline"
    assert [finding.id for finding in tree.findings(files_config.CHECKS)] == ["app-name-invalid"]


def test_a_handler_only_the_graph_names(tree: Tree) -> None:
    tree.data["resources"][0]["inputs"]["handler"] = "pipeline/jobs/handlers/gone.handler"
    [finding] = tree.findings(files_config.CHECKS)
    assert (finding.id, finding.file, finding.line) == ("handler-not-found", "infra/api.ts", 7)


def test_uv_is_needed(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_arguments, **_options: None)
    assert [finding.id for finding in tree.findings(files_toolchain.CHECKS)] == ["uv-missing"]


@pytest.mark.parametrize(
    ("specifier", "minors"),
    [
        ("==3.12.*", {"3.12"}),
        (">=3.12,<3.13", {"3.12"}),
        ("~=3.12.0", {"3.12"}),
        (">=3.11,<3.13", {"3.11", "3.12"}),
        ("==3.13.*", {"3.13"}),
    ],
)
def test_what_requires_python_allows(specifier: str, minors: set[str]) -> None:
    assert allowed_minors(specifier) == minors


@pytest.fixture
def typed(tree: Tree) -> Tree:
    """With a TypeScript that knows one small component instead of the whole platform."""
    if not (ROOT / "node_modules/typescript/bin/tsc").is_file():
        pytest.skip("npm ci has not been run")
    shutil.rmtree(tree.root / "node_modules")
    (tree.root / "node_modules").symlink_to(ROOT / "node_modules")
    (tree.root / ".venv").symlink_to(ROOT / ".venv")
    shutil.rmtree(tree.root / "infra")
    (tree.root / "project.config.ts").unlink()
    tree.add("sst.config.ts", '/// <reference path="./.sst/platform/config.d.ts" />\n')
    tree.add(".sst/platform/config.d.ts", "")
    tree.add("infra/sst.d.ts", "declare class Queue { constructor(name: string, args: { fifo?: boolean }); }\n")
    tree.add("infra/jobs/queue.ts", 'export const jobs = new Queue("Jobs", {\n  fifo: true,\n});\n')
    return tree


def test_an_argument_that_sst_would_ignore(typed: Tree) -> None:
    assert typed.type_errors() == []
    typed.edit("infra/jobs/queue.ts", "fifo: true,\n", "fifo: true,\n  messageRetentionPeriod: 14,\n")
    [finding] = typed.type_errors()
    assert (finding.id, finding.file, finding.line) == ("typescript-error", "infra/jobs/queue.ts", 3)
    assert finding.severity == "medium"
    assert "silently ignores" in finding.message


def test_types_that_are_not_asked_for(typed: Tree) -> None:
    typed.edit("tsconfig.json", '"strict": true', '"strict": false')
    [loose] = typed.type_errors()
    assert (loose.id, loose.line) == ("types-not-strict", typed.line("tsconfig.json", '"strict"'))
    typed.edit("tsconfig.json", '"strict": false', '"strict": true')
    typed.edit("tsconfig.json", "infra/**/*.ts", "infra/**/*.d.ts")
    [missed] = typed.type_errors()
    assert (missed.id, missed.file) == ("types-not-checked", "tsconfig.json")
    assert "infra/jobs/queue.ts" in missed.message


def test_a_configuration_that_forgets_the_types(typed: Tree) -> None:
    typed.add("sst.config.ts", "export {};\n")
    typed.append("infra/jobs/queue.ts", "sst.aws;\naws.s3;\n")
    [found] = typed.type_errors()
    assert (found.id, found.file) == ("types-not-checked", "sst.config.ts")


def test_types_of_a_platform_that_could_not_be_installed(typed: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_node, "install_platform", lambda *_: None)
    (typed.root / ".sst/platform/config.d.ts").unlink()
    typed.append("infra/jobs/queue.ts", "sst.aws;\n")
    assert typed.type_errors() == []  # SST's own words are told, and why: tsc has but echoes of it


@pytest.mark.parametrize("text", ["", "{", '{"compilerOptions": {}, "include": ["nothing.ts"]}'])
def test_a_broken_tsconfig(typed: Tree, text: str) -> None:
    typed.add("tsconfig.json", text)
    assert {finding.file for finding in typed.type_errors()} == {"tsconfig.json"}


@pytest.mark.parametrize(
    ("stage", "rule"), [("my_stage", "stage-name-invalid"), ("", "stage-name-invalid"), ("nope", "stage-unknown")]
)
def test_stages_that_there_are_not(tree: Tree, stage: str, rule: str) -> None:
    [found] = files_config.stage(Rehearsed.nothing(tree.root, stage))
    assert (found.id, found.file) == (rule, "project.config.ts")
    assert "dev, staging, production" in found.fix
