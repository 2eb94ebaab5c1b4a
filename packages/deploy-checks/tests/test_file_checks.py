"""Checks of files: each case changes one thing in a copy of the repository."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from deploy_checks import preconditions
from deploy_checks.checks import (
    files_analyses,
    files_code,
    files_config,
    files_hard_coded,
    files_imports,
    files_leftovers,
    files_models,
    files_node,
    files_python_version,
    files_toolchain,
    graph_exposure,
    graph_values,
    graph_wiring,
)
from deploy_checks.checks.files_python_version import allowed_minors
from deploy_checks.rules import Rule
from stack_graph.graph import Graph, Rehearsed
from stack_graph.wiring import text

from tests.support.graphs import checks_naming, recorded
from tests.support.source_tree import SourceTree, copy_repository

MODULES = (
    files_analyses,
    files_code,
    files_config,
    files_hard_coded,
    files_imports,
    files_leftovers,
    files_models,
    files_node,
    files_python_version,
    files_toolchain,
)
CHECKS = tuple(check for module in MODULES for check in module.CHECKS if check is not files_node.types)
"""All but the type check, which takes seconds and has its own tests."""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourceTree:
    monkeypatch.setenv("UV_OFFLINE", "1")
    return copy_repository(tmp_path)


def test_unchanged_copy_has_no_findings(tree: SourceTree) -> None:
    assert tree.findings(CHECKS) == []


def test_copy_without_a_rehearsal_has_no_findings(tree: SourceTree) -> None:
    tree.data = {"stage": "dev", "resources": []}
    assert tree.findings(CHECKS) == []


def test_a_package_file_that_node_cannot_read_is_reported_and_nothing_is_rehearsed(tree: SourceTree) -> None:
    tree.add("package.json", "{")
    assert "package-file-broken" in {finding.id for finding in tree.findings(files_node.CHECKS[:1])}
    assert preconditions.unmet(tree.rehearsed()) == "Neither npm nor Node can read the package files."


def edit(file: str, old: str, new: str) -> Callable[[SourceTree], None]:
    return lambda tree: tree.edit(file, old, new)


def add(file: str, text: str) -> Callable[[SourceTree], None]:
    return lambda tree: tree.add(file, text)


def append(file: str, text: str) -> Callable[[SourceTree], None]:
    return lambda tree: tree.append(file, text)


def remove(file: str) -> Callable[[SourceTree], None]:
    return lambda tree: (tree.root / file).unlink()


def narrow(seconds: int) -> Callable[[SourceTree], None]:
    return lambda tree: tree.data["resources"][1]["inputs"].update(timeout=seconds)


def no_migrations(tree: SourceTree) -> None:
    for file in (tree.root / "database/migrations").glob("*.sql"):
        file.unlink()


API = "functions/pipeline/jobs/handlers/api.py"
MODELS = "functions/pipeline/models/catalogue.json"
BROKEN = "functions/pipeline/analyses/broken.py"
AWS = "functions/pipeline/platform/aws.py"
POSTGRES = "functions/pipeline/platform/postgres.py"
HAIKU_45 = '"id": "global.anthropic.claude-haiku-4-5-20251001-v1:0"'

CASES: dict[str, tuple[Callable[[SourceTree], object], Rule, str, str | int]] = {
    # name: (change, rule, file, line as a number or as text in it)
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
    "a file in another encoding": (
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
    "code that does not parse": (append(API, "\ndef broken(:\n"), "code-does-not-parse", API, "def broken("),
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
    "no catalogue.json": (remove(MODELS), "models-not-loadable", MODELS, 1),
    "an analysis that does not load": (add(BROKEN, "ANALYSIS = None\n"), "analysis-not-loadable", BROKEN, 1),
    "no sst.config.ts": (remove("sst.config.ts"), "config-missing", "sst.config.ts", 1),
    "a container": (
        edit("infra/jobs/api.ts", "  ...common,\n", "  ...common,\n  python: { container: true },\n"),
        "function-in-container",
        "infra/jobs/api.ts",
        "container: true",
    ),
    "an access key": (append(API, '\nKEY = "AKIA' + 'IOSFODNN7EXAMPLQ"\n'), "credential-in-file", API, "KEY ="),
    "a client's region": (
        edit(AWS, '.client("sqs",', '.client("sqs", region_name="eu-central-1",'),
        "region-hard-coded",
        AWS,
        "eu-central-1",
    ),
    "a client's endpoint": (
        edit(AWS, '.client("sqs",', '.client("sqs", endpoint_url="http://127.0.0.1:4566",'),
        "endpoint-hard-coded",
        AWS,
        "4566",
    ),
    "a client's access key": (
        edit(AWS, '.client("sqs",', '.client("sqs", aws_access_key_id="x",'),
        "key-hard-coded",
        AWS,
        "aws_access_key_id",
    ),
    "a password in the code": (
        edit(POSTGRES, "password=password", 'password="postgres"'),
        "password-hard-coded",
        POSTGRES,
        'password="postgres"',
    ),
    "an account in the code": (
        append(API, '\nQUEUE = "https://sqs.us-east-1.amazonaws.com/444455556666/jobs"\n'),
        "hard-coded-account",
        API,
        "QUEUE =",
    ),
    "clients that cannot be built": (append(AWS, "\n1 / 0\n"), "clients-not-checked", AWS, 1),
    "no migrations": (no_migrations, "migrations-missing", "database/migrations", 1),
    "an unused dependency": (
        edit("functions/pyproject.toml", '    "pg8000', '    "iniconfig==2.3.0",\n    "pg8000'),
        "dependency-unused",
        "functions/pyproject.toml",
        "iniconfig",
    ),
    "no .env": (remove(".env"), "uv-python-differs", ".env", 1),
    "no .python-version": (remove(".python-version"), "python-pin-differs", ".python-version", 1),
    "no .nvmrc": (remove(".nvmrc"), "node-too-old", ".nvmrc", 1),
    "no uv.lock": (remove("uv.lock"), "lock-stale", "uv.lock", 1),
    "no package-lock.json": (remove("package-lock.json"), "package-file-broken", "package-lock.json", 1),
    "broken package.json": (edit("package.json", "{", ""), "package-file-broken", "package.json", 2),
    "two migrations with one number": (
        add("database/migrations/0001_create_again.sql", "SELECT 1;"),
        "migration-numbering",
        "database/migrations/0001_create_roles.sql",
        1,
    ),
    "TLS switched off": (
        edit(
            POSTGRES,
            "ssl_context=tls_context(settings.db_host, settings.aws_region) if settings.remote_database else False",
            "ssl_context=False",
        ),
        "database-without-tls",
        POSTGRES,
        "connection = native.Connection(",
    ),
    "retries inside the SDK": (
        edit(AWS, '"total_max_attempts": 1', '"total_max_attempts": 8'),
        "client-outlives-function",
        AWS,
        "def bedrock_runtime(",
    ),
}


HARMLESS: dict[str, Callable[[SourceTree], object]] = {
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


def test_harmless_changes_have_no_findings(tree: SourceTree) -> None:
    for change in HARMLESS.values():
        change(tree)
    assert tree.findings(CHECKS) == []


def test_code_that_adds_refused_parameters_is_reported(tree: SourceTree) -> None:
    tree.edit(
        "functions/pipeline/models/converse.py",
        "dict(request.inference)",
        '{"temperature": 0, **request.inference, "topP": 1}',
    )
    found = tree.findings(files_models.CHECKS)
    assert {finding.id for finding in found} == {"model-refuses-parameters"}


def test_folder_beside_the_package_is_not_copied(tree: SourceTree) -> None:
    tree.add("functions/shared/__init__.py", "")
    tree.append(API, "\nimport shared\n")
    [finding] = tree.findings(files_imports.CHECKS)
    assert (finding.id, finding.file, finding.line) == ("import-not-copied", API, tree.line(API, "import shared"))


@pytest.mark.parametrize("name", CASES)
def test_change_is_reported_at_its_line(tree: SourceTree, name: str) -> None:
    change, rule, file, place = CASES[name]
    change(tree)
    found = tree.findings(checks_naming(rule, CHECKS)) or tree.findings(CHECKS)
    lines = {finding.line for finding in found if (finding.id, finding.file) == (rule, file)}
    expected = place if isinstance(place, int) else tree.line(file, place)
    assert expected in lines, found
    assert all(finding.message and finding.fix for finding in found)


def test_model_that_refuses_a_parameter_pair_is_reported(tree: SourceTree) -> None:
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
def test_parameter_sets_that_a_model_refuses(model: str, sets: int) -> None:
    assert len(files_models.refused(model)) == sets


def test_old_catalogue_is_reported(tree: SourceTree, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_models, "today", lambda: date(2027, 9, 1))
    found = {finding.id: finding for finding in tree.findings(files_models.CHECKS)}
    assert found["models-list-old"].severity == "low"
    assert found["models-list-old"].line == 2


def test_model_that_ends_soon_is_reported(tree: SourceTree, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, sonnet = '"fast": "us.amazon', "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
    tree.edit(MODELS, fast, f'"old": "{sonnet}", {fast}')
    monkeypatch.setattr(files_models, "today", lambda: date(2027, 4, 7))  # it ends the next day
    assert "model-ends-soon" in {finding.id for finding in tree.findings(files_models.CHECKS)}


@pytest.mark.parametrize(
    ("message", "rule", "file"),
    [
        ("Error: Runtime not found: Python3.12", "runtime-unknown", "sst.config.ts"),
        ("Error: Handler not found: pipeline/jobs/handlers/api.handler", "runtime-missing", "infra/function.ts"),
    ],
)
def test_message_of_sst_about_a_build_names_its_line(tree: SourceTree, message: str, rule: Rule, file: str) -> None:
    tree.data["diagnostics"] = [{"severity": "error", "message": message}]
    assert [(finding.id, finding.file) for finding in files_config.builds(tree.rehearsed())] == [(rule, file)]


def test_production_that_can_be_removed_is_reported(tree: SourceTree) -> None:
    tree.edit("project.config.ts", "    protect: true,", "    protect: false,")
    [finding] = graph_exposure.production_is_protected(Rehearsed.nothing(tree.root, "production"))
    assert finding.id == "production-unprotected"
    assert "protect: false" in (tree.root / "project.config.ts").read_text().splitlines()[finding.line - 1]


@pytest.mark.parametrize("change", ["remove", "edit", "truncate"])
def test_stale_wiring_is_reported(tree: SourceTree, change: str) -> None:
    graph = Graph(recorded().data)
    wiring = tree.root / "infra/wiring.json"
    wiring.write_text(text(graph))
    rehearsed = Rehearsed(tree.root, "dev", graph, ())
    assert list(graph_wiring.wiring_is_fresh(rehearsed)) == []
    if change == "remove":
        wiring.unlink()
    else:
        tree.edit("infra/wiring.json", *{"edit": ("3600", "30"), "truncate": ("{", "")}[change])
    assert [finding.id for finding in graph_wiring.wiring_is_fresh(rehearsed)] == ["wiring-stale"]


def test_password_in_the_program_is_reported(tree: SourceTree) -> None:
    user = '  username: "postgres",\n'
    tree.edit("infra/database.ts", user, f'{user}  password: "p@ss/word-of-the-database",\n')
    graph = recorded()
    graph.resource("DatabaseInstance")["propertyDependencies"].pop("password", None)
    rehearsed = Rehearsed(tree.root, "dev", Graph(graph.data), ())
    [finding] = graph_values.passwords_are_not_written_down(rehearsed)
    assert (finding.id, finding.file) == ("password-in-program", "infra/database.ts")
    assert "p@ss" not in finding.message


def test_app_name_that_sst_refuses_is_reported(tree: SourceTree) -> None:
    tree.data["app"] = "analysis_pipeline"
    assert [finding.id for finding in tree.findings(files_config.CHECKS)] == ["app-name-invalid"]


def test_handler_named_only_in_the_graph_is_checked(tree: SourceTree) -> None:
    tree.data["resources"][0]["inputs"]["handler"] = "pipeline/jobs/handlers/gone.handler"
    [finding] = tree.findings(files_config.CHECKS)
    assert (finding.id, finding.file, finding.line) == ("handler-not-found", "infra/api.ts", 7)


def test_missing_uv_is_reported(tree: SourceTree, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_minor_versions_that_a_specifier_allows(specifier: str, minors: set[str]) -> None:
    assert allowed_minors(specifier) == minors


@pytest.mark.parametrize(
    ("stage", "rule"), [("my_stage", "stage-name-invalid"), ("", "stage-name-invalid"), ("nope", "stage-unknown")]
)
def test_unknown_stage_is_reported(tree: SourceTree, stage: str, rule: str) -> None:
    [found] = files_config.stage(Rehearsed.nothing(tree.root, stage))
    assert (found.id, found.file) == (rule, "project.config.ts")
    assert "dev, staging, production" in found.fix
