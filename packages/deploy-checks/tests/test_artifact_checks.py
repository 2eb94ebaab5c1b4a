"""Checks of the functions' archives: each defect is reported at the file to change, and nothing else is reported."""

import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from deploy_checks import probe
from deploy_checks.archive import contents
from deploy_checks.checks import (
    artifact_answers,
    artifact_binaries,
    artifact_contents,
    artifact_environment,
    artifact_imports,
    artifact_migrations,
    artifact_packaging,
)
from deploy_checks.checks.artifact_binaries import wheel_misfit
from deploy_checks.finding import Finding, Verdict
from stack_graph.graph import Rehearsed

from tests.support.rehearsed import ARN, HANDLER, PYPROJECT, Deploy, resource

MODULES = (
    artifact_packaging,
    artifact_imports,
    artifact_answers,
    artifact_binaries,
    artifact_contents,
    artifact_environment,
    artifact_migrations,
)


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    return Deploy(tmp_path)


def elf(machine: int) -> bytes:
    return b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(40)


def verdicts(rehearsed: Rehearsed, *modules: ModuleType) -> list[Verdict]:
    """Verdicts of the checks in these modules; without modules, of all, some of which start Python processes."""
    return [verdict for module in modules or MODULES for check in module.CHECKS for verdict in check(rehearsed)]


def found(rehearsed: Rehearsed, *modules: ModuleType) -> list[Finding]:
    return [verdict for verdict in verdicts(rehearsed, *modules) if isinstance(verdict, Finding)]


def places(rehearsed: Rehearsed, *modules: ModuleType) -> set[tuple[str, str, str]]:
    return {(finding.id, finding.severity, finding.file) for finding in found(rehearsed, *modules)}


def test_valid_function_has_no_findings(deploy: Deploy) -> None:
    deploy.route("GET /things/{id}")
    deploy.route("$default")
    deploy.distribution("good", "cp312-cp312-manylinux_2_17_x86_64", files={"good/_c.cpython-312-x86_64.so": elf(62)})
    assert found(deploy.write()) == []


# Packaging


def test_function_created_without_sst_is_reported(deploy: Deploy) -> None:
    deploy.function["parent"] = None
    assert places(deploy.write()) == {("function-not-packaged", "critical", "infra/main.ts")}


def test_handler_missing_from_the_archive_is_reported(deploy: Deploy) -> None:
    deploy.function["inputs"]["handler"] = "pkg/handlers/other.handler"
    (finding,) = found(deploy.write())
    assert (finding.id, finding.file, finding.line) == ("handler-not-in-archive", "infra/main.ts", 7)
    assert "Unable to import module 'pkg/handlers/other'" in finding.message


def test_archive_without_code_is_reported(deploy: Deploy) -> None:
    deploy.write()
    deploy.sources = {}
    (deploy.root / "functions/pyproject.toml").unlink()
    (deploy.root / "functions/pkg").mkdir(exist_ok=True)
    archive = deploy.out / "artifacts/Main/code.zip"
    archive.unlink()
    rehearsed = deploy.write()
    (deploy.root / "functions/pyproject.toml").unlink()
    assert ("handler-not-in-archive", "critical", "pyproject.toml") in places(rehearsed)


# Imports


def test_undeclared_dependency_is_reported(deploy: Deploy) -> None:
    deploy.code("import nowhere\ndef handler(event, context): ...\n")
    (finding,) = found(deploy.write())
    assert (finding.id, finding.severity) == ("handler-import-failed", "critical")
    assert finding.file == "functions/pyproject.toml"
    assert "No module named 'nowhere'" in finding.message


def test_import_of_a_package_that_is_not_copied_is_reported(deploy: Deploy) -> None:
    deploy.code("from __future__ import annotations\nimport shared\ndef handler(event, context): ...\n")
    shared = deploy.root / "functions/shared/__init__.py"
    shared.parent.mkdir(parents=True)
    shared.write_text("", encoding="utf-8")
    (finding,) = found(deploy.write())
    assert (finding.file, finding.line) == ("functions/pkg/handlers/main.py", 2)


def test_handler_named_from_outside_its_package_is_reported(deploy: Deploy) -> None:
    deploy.code("import pkg.handlers\ndef handler(event, context): ...\n")
    deploy.function["inputs"]["handler"] = f"functions/{HANDLER}"
    deploy.sources |= {f"functions/{name}": text for name, text in deploy.sources.items()}
    for name in [name for name in deploy.sources if name.startswith("pkg/")]:
        (deploy.root / "functions" / name).parent.mkdir(parents=True, exist_ok=True)
        (deploy.root / "functions" / name).write_text(deploy.sources.pop(name), encoding="utf-8")
    assert places(deploy.write()) == {("handler-import-failed", "critical", "infra/main.ts")}


def test_module_compiled_for_another_python_is_reported(deploy: Deploy) -> None:
    deploy.code("import good._c\ndef handler(event, context): ...\n")
    deploy.distribution("good")
    (finding,) = found(deploy.write())
    assert finding.file == "functions/pyproject.toml"
    assert "runtime and architecture" in finding.fix


def test_stale_lock_is_reported(deploy: Deploy) -> None:
    deploy.code("import late\ndef handler(event, context): ...\n")
    pyproject = deploy.root / "functions/pyproject.toml"
    pyproject.parent.mkdir(parents=True)
    pyproject.write_text(PYPROJECT.replace('"good==1.0"', '"good==1.0", "late>=2"'), encoding="utf-8")
    assert places(deploy.write()) == {("handler-import-failed", "critical", "uv.lock")}


def test_functions_of_one_package_share_their_code(tmp_path: Path) -> None:
    def archive(name: str, code: str) -> Path:
        file = tmp_path / f"{name}.zip"
        with zipfile.ZipFile(file, "w") as into:
            into.writestr("pkg/main.py", code)
            into.writestr("requirements.txt", f"# --output-file=/app/.sst/artifacts/{name}-src/requirements.txt")
            into.writestr("resource.enc", f"encrypted for {name}")
        return file

    shared = [contents(archive(name, code)).shared for name, code in (("A", "x = 1"), ("B", "x = 1"), ("C", "x = 2"))]
    assert shared[0] == shared[1] != shared[2]


def test_only_the_archive_and_the_sdk_are_importable(deploy: Deploy) -> None:
    deploy.code("import boto3, botocore.config\nimport pydantic\ndef handler(event, context): ...\n")
    (finding,) = found(deploy.write())
    assert "No module named 'pydantic'" in finding.message


def test_runtime_missing_from_this_machine_is_not_checked(deploy: Deploy) -> None:
    deploy.function["inputs"]["runtime"] = "python3.99"
    assert list(map(str, verdicts(deploy.write()))) == [
        "NOT CHECKED: that Main can be imported and answers (needs python3.99 on this machine)"
    ]


def test_code_compiled_for_another_processor_is_judged_by_its_headers_and_not_run(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "MACHINE", "x86_64")
    deploy.function["inputs"]["architectures"] = ["arm64"]
    deploy.code("import good\nimport missing_on_any_machine\ndef handler(event, context): ...\n")
    tag = "cp312-cp312-manylinux_2_17_aarch64"
    deploy.distribution("good", tag, files={"good/_c.cpython-312-aarch64.so": elf(183)})
    (verdict,) = verdicts(deploy.write())
    assert str(verdict).startswith("NOT CHECKED: that Main can be imported and answers (needs a machine of arm64")


def test_handler_that_ends_its_process_is_reported(deploy: Deploy) -> None:
    deploy.code("import os\nos._exit(3)\n")
    assert places(deploy.write()) == {("handler-not-run", "critical", "infra/main.ts")}


# Answers


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("return event['httpMethod']", "KeyError: 'httpMethod'"),
        ("return {'body': '{}'}", "statusCode is not an integer"),
        ("import datetime; return {'statusCode': 200, 'body': datetime.datetime.min}", "Runtime.MarshalError"),
        ("import nowhere", "No module named 'nowhere'"),
        ("print('ERROR on purpose'); return {'statusCode': 500}", "ERROR on purpose"),
    ],
)
def test_failing_request_is_reported(deploy: Deploy, body: str, text: str) -> None:
    deploy.code(f"def handler(event, context):\n    {body}\n")
    deploy.route("GET /things")
    (finding,) = found(deploy.write())
    assert (finding.id, finding.file) == ("handler-fails", "functions/pkg/handlers/main.py")
    assert text in finding.message


def test_handler_may_answer_503_without_aws(deploy: Deploy) -> None:
    deploy.code(
        "import boto3\n"
        "def handler(event, context):\n"
        "    try:\n        boto3.client('sqs').list_queues()\n"
        "    except Exception:\n        return {'statusCode': 503}\n"
    )
    deploy.route("GET /things")
    assert found(deploy.write()) == []


ROUTER = """\
import json
def handler(event, context):
    if event["routeKey"] == "GET /things/{id}":
        return {"statusCode": 503}
    if event["routeKey"] == "GET /openapi.json":
        return {"statusCode": 200, "body": json.dumps({"openapi": "3.1.0", "paths": {"/things/{id}": {"get": {}}}})}
    return {"statusCode": 404, "body": "no such path"}
"""


def test_route_unknown_to_the_code_is_reported(deploy: Deploy) -> None:
    deploy.code(ROUTER)
    deploy.route("GET /things/{thing_id}")
    deploy.route("$default")
    assert places(deploy.write()) == {("route-unknown-to-handler", "critical", "infra/main.ts")}


def test_described_route_that_is_not_deployed_is_reported(deploy: Deploy) -> None:
    deploy.code(ROUTER)
    deploy.route("GET /openapi.json")
    assert places(deploy.write()) == {("route-not-deployed", "critical", "infra/main.ts")}


@pytest.mark.parametrize("answer", ["{}", "None", "{'batchItemFailures': []}", "{'batchItemFailures': [{'id': 1}]}"])
def test_handler_that_loses_messages_is_reported(deploy: Deploy, answer: str) -> None:
    deploy.code(f"def handler(event, context):\n    return {answer}\n")
    deploy.queue()
    assert places(deploy.write()) == {
        ("batch-failures-not-reported", "critical", "functions/pkg/handlers/main.py"),
    }


def test_handler_that_reports_failures_is_accepted(deploy: Deploy) -> None:
    deploy.code(
        "def handler(event, context):\n"
        "    return {'batchItemFailures': [{'itemIdentifier': r['messageId']} for r in event['Records']]}\n"
    )
    deploy.queue()
    assert found(deploy.write()) == []


def test_report_of_failures_that_lambda_ignores_is_reported(deploy: Deploy) -> None:
    deploy.code("def handler(event, context):\n    return {'batchItemFailures': []}\n")
    deploy.queue()
    del deploy.resources[-1]["inputs"]["functionResponseTypes"]
    assert places(deploy.write()) == {("no-partial-responses", "critical", "infra/main.ts")}


def test_error_of_a_service_that_cannot_be_reached_here_is_no_finding(deploy: Deploy) -> None:
    deploy.code("import boto3\ndef handler(event, context):\n    boto3.client('dynamodb').list_tables()\n")
    deploy.queue()
    assert found(deploy.write()) == []


# Binaries


@pytest.mark.parametrize(
    ("name", "machine", "file"),
    [
        ("good/_c.cpython-312-x86_64-linux-gnu.so", 183, "infra/main.ts"),
        ("good/_c.cpython-311-x86_64-linux-gnu.so", 62, "functions/pyproject.toml"),
        ("good.libs/libgood-1.so.2", 183, "infra/main.ts"),
    ],
)
def test_binary_for_another_runtime_is_reported(deploy: Deploy, name: str, machine: int, file: str) -> None:
    deploy.distribution("good", files={name: elf(machine)})
    assert places(deploy.write(), artifact_binaries) == {("binary-not-for-function", "critical", file)}


def test_runtime_other_than_the_build_is_reported(deploy: Deploy) -> None:
    deploy.distribution("good", files={"good/_c.cpython-312-x86_64-linux-gnu.so": elf(62)})
    deploy.function["inputs"]["runtime"] = "python3.13"
    assert ("binary-not-for-function", "critical", "infra/main.ts") in places(deploy.write(), artifact_binaries)


def test_wheel_compiled_on_this_machine_is_reported(deploy: Deploy) -> None:
    deploy.distribution("good", "cp312-cp312-linux_x86_64", files={"good/_c.cpython-312-x86_64-linux-gnu.so": elf(62)})
    assert places(deploy.write(), artifact_binaries) == {
        ("wheel-not-for-lambda", "critical", "functions/pyproject.toml")
    }


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        (["py2-none-any", "py3-none-any"], True),
        (["cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux2014_x86_64"], True),
        (["cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"], True),
        (["cp39-abi3-manylinux_2_28_x86_64"], True),
        (["cp313-abi3-manylinux_2_28_x86_64"], False),
        (["cp311-cp311-manylinux_2_17_x86_64"], False),
        (["cp312-cp312-manylinux_2_17_aarch64"], False),
        (["cp312-cp312-manylinux_2_39_x86_64"], False),
        (["cp312-cp312-musllinux_1_2_x86_64"], False),
        (["cp312-cp312-macosx_11_0_arm64"], False),
    ],
)
def test_wheel_tags_that_fit(tags: list[str], fits: bool) -> None:
    assert (wheel_misfit(tags, "python3.12", "x86_64") is None) is fits


# Contents


@pytest.mark.parametrize(
    ("distribution", "identifier"),
    [
        ("tool", "development-tools-in-archive"),
        ("other", "undeclared-distribution-in-archive"),
        ("boto3", "sdk-in-archive"),
    ],
)
def test_unneeded_distribution_is_reported(deploy: Deploy, distribution: str, identifier: str) -> None:
    deploy.distribution("good")
    deploy.distribution(distribution)
    assert places(deploy.write(), artifact_contents) == {(identifier, "medium", "functions/pyproject.toml")}


def test_archive_sizes_are_limited(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifact_contents, "LARGE_ARCHIVE_BYTES", 100)
    assert places(deploy.write(), artifact_contents) == {("archive-large", "low", "functions/pyproject.toml")}
    monkeypatch.setattr(artifact_contents, "MAX_UNPACKED_BYTES", 10)
    assert places(deploy.write(), artifact_contents) == {
        ("archive-over-lambda-limit", "high", "functions/pyproject.toml")
    }


# Environment


@pytest.mark.parametrize(
    ("expression", "severity"),
    [
        ("os.environ['QUEUE']", "critical"),
        ("'QUEUE' in os.environ", "critical"),
        ("os.getenv('QUEUE')", "medium"),
        ("os.environ.get('QUEUE')", "medium"),
    ],
)
def test_unset_variable_is_reported(deploy: Deploy, expression: str, severity: str) -> None:
    deploy.code(f"import os\ndef handler(event, context):\n    {expression}\n    return {{'statusCode': 200}}\n")
    assert ("variable-not-set", severity, "infra/main.ts") in places(deploy.write(), artifact_environment)


@pytest.mark.parametrize(
    "expression", ["os.environ['QUEUE']", "os.getenv('LEVEL', 'INFO')", "os.environ['AWS_REGION']"]
)
def test_set_or_optional_variable_is_accepted(deploy: Deploy, expression: str) -> None:
    deploy.code(f"import os\nSET = 'queue'\ndef handler(event, context):\n    {expression}\n")
    deploy.variables(QUEUE="jobs")
    assert found(deploy.write(), artifact_environment) == []


def test_unread_variable_is_reported(deploy: Deploy) -> None:
    deploy.variables(FORGOTTEN="1", SST_KEY="2")
    assert places(deploy.write(), artifact_environment) == {("variable-not-read", "low", "infra/main.ts")}


def test_refused_variables_are_reported(deploy: Deploy) -> None:
    deploy.code("QUEUE = 1\ndef handler(event, context): ...\n")
    deploy.variables(AWS_REGION="us-east-1", QUEUE="x" * 5000, **{"2ND": "1"})
    assert places(deploy.write(), artifact_environment) >= {
        ("variable-name-refused", "high", "infra/main.ts"),
        ("variable-reserved", "high", "infra/main.ts"),
        ("environment-too-big", "high", "infra/main.ts"),
    }


@pytest.mark.parametrize("file", ["infra/main.ts", "infra/function.ts"])
def test_refused_variable_is_reported_at_its_line(deploy: Deploy, file: str) -> None:
    (deploy.root / "infra").mkdir(parents=True)
    (deploy.root / "infra/main.ts").write_text('import { common } from "./function";\n', encoding="utf-8")
    (deploy.root / file).write_text(f"{8 * chr(10)}    AWS_REGION: stage.region,\n", encoding="utf-8")
    deploy.variables(AWS_REGION="us-east-1")
    (finding,) = found(deploy.write(), artifact_environment)
    assert (finding.file, finding.line) == (file, 9)


# Migrations


@pytest.fixture
def migrating(deploy: Deploy) -> Deploy:
    folder = deploy.root / "database/migrations"
    folder.mkdir(parents=True)
    for number in (1, 2):
        name = f"000{number}_step.sql"
        (folder / name).write_text(f"SELECT {number};\n", encoding="utf-8")
        deploy.shipped[f"database/migrations/{name}"] = f"SELECT {number};\n".encode()
    deploy.resources.append(resource("aws:lambda/invocation:Invocation", "Migration", functionName="main"))
    return deploy


def test_complete_migrations_have_no_findings(migrating: Deploy) -> None:
    assert ARN.endswith(":main")
    assert found(migrating.write(), artifact_migrations) == []


def test_missing_migrations_are_reported(migrating: Deploy) -> None:
    migrating.shipped = {}
    assert places(migrating.write(), artifact_migrations) == {("migrations-not-in-archive", "high", "infra/main.ts")}


def test_missing_or_changed_migration_is_reported(migrating: Deploy) -> None:
    del migrating.shipped["database/migrations/0001_step.sql"]
    migrating.shipped["database/migrations/0002_step.sql"] = b"SELECT 3;\n"
    assert places(migrating.write(), artifact_migrations) == {
        ("migration-differs", "critical", "database/migrations/0001_step.sql"),
        ("migration-differs", "critical", "database/migrations/0002_step.sql"),
    }


def test_unapplied_migrations_are_reported(migrating: Deploy) -> None:
    migrating.resources.pop()
    assert places(migrating.write(), artifact_migrations) == {("migrations-not-applied", "critical", "infra/main.ts")}
