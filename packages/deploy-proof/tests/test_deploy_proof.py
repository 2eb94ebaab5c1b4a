"""A deploy is successful only if SST reports success and the live system works."""

import base64
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from deploy_proof import deploy, live
from stack_graph import stages

from tests.support.recorded_client import RecordedClient

ROOT = Path(__file__).parents[3]
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"


@pytest.mark.parametrize(
    ("output", "status", "good"),
    [
        ("| Created Jobs\n\x1b[32m✓\x1b[0m  Complete    \n   api: https://x\n", 0, True),
        ("✓  No changes\n", 0, True),
        ("✓  No changes\n", 1, False),
        ("✕  Failed\n", 0, False),
        ("\x1b[31m✕\x1b[0m  Interrupted\n", 0, False),
        ("✓  Complete\n✕  Failed\n", 0, False),
        ("failed to register new resource Jobs\n✓  No changes\n", 0, False),
        ("✓  Complete\n", 1, False),
        ("", 0, False),
    ],
)
def test_a_deploy_counts_as_successful_only_if_sst_reports_it(output: str, status: int, good: bool) -> None:
    assert (deploy.failure_of(output, status) is None) is good


def checkout(path: Path, *, checked: str, output: str) -> Path:
    """A checkout with small scripts in place of pre-deploy and SST."""
    (path / "scripts").mkdir()
    (path / ".sst").mkdir()
    (path / ".sst/outputs.json").write_text("{}")
    for name, text in (("scripts/pre-deploy.sh", checked), ("npx", f"touch deployed; printf '{output}'")):
        (path / name).write_text(f"#!/bin/sh\n{text}\n")
        (path / name).chmod(0o755)
    return path


def found(*severities: str) -> str:
    """A pre-deploy script that reports findings of these severities."""
    return f"echo '{json.dumps({'findings': [{'severity': severity} for severity in severities]})}'; exit 1"


@pytest.mark.parametrize(
    ("checked", "output", "problems", "status", "deployed"),
    [
        ("exit 0", "✓  Complete", [], 0, True),
        ("exit 0", "✓  Complete", ["no function reads the queue"], 1, True),
        ("exit 0", "✕  Failed", [], 1, True),
        ("exit 1", "✓  Complete", [], 2, False),
        ("exit 2", "✓  Complete", [], 2, False),
        (found("high", "low"), "✓  Complete", [], 2, False),
        (found("low"), "✓  Complete", [], 0, True),
    ],
)
def test_the_exit_status_reflects_the_check_the_deploy_and_the_proof(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    checked: str,
    output: str,
    problems: list[str],
    status: int,
    deployed: bool,
) -> None:
    root = checkout(tmp_path, checked=checked, output=output)
    monkeypatch.setattr(deploy, "environment", lambda: {"PATH": f"{root}:/usr/bin:/bin"})
    monkeypatch.setattr(deploy, "signed_in", lambda: True)
    assert deploy.deploy(root, "dev", lambda _root, _stage: problems) == status
    assert (root / "deployed").exists() is deployed
    assert (root / ".sst/outputs.json").exists() is not deployed


@pytest.mark.parametrize("profile", [None, "nope"])
def test_without_credentials_nothing_is_deployed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], profile: str | None
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    root = checkout(tmp_path, checked="exit 0", output="✓  Complete")
    assert deploy.deploy(root, "dev", lambda _root, _stage: []) == 2
    messages = capsys.readouterr().err
    assert "No AWS credentials" in messages
    assert not profile or profile in messages


def test_only_sst_handles_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SST releases its lock and reports the interruption. The command must survive to print the next step."""
    root = checkout(tmp_path, checked="exit 0", output="")
    (root / "npx").write_text("#!/bin/sh\nkill -INT $PPID; printf '✕  Interrupted'\n")
    monkeypatch.setattr(deploy, "environment", lambda: {"PATH": f"{root}:/usr/bin:/bin"})
    monkeypatch.setattr(deploy, "signed_in", lambda: True)
    assert deploy.deploy(root, "dev", lambda _root, _stage: []) == 1
    assert "sst unlock --stage dev" in capsys.readouterr().err


def test_an_incomplete_proof_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.report(tmp_path, "dev", live.prove) == 1
    assert "outputs.json" in capsys.readouterr().err


def test_an_unknown_stage_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main(["stagging"]) == 2
    assert "dev, staging, production" in capsys.readouterr().err


def test_help_requires_no_installed_packages() -> None:
    shown = subprocess.run([ROOT / "scripts/deploy.sh", "--help"], capture_output=True, text=True, check=True)
    assert "./scripts/deploy.sh STAGE" in shown.stdout


def test_the_stages_are_read_from_the_configuration() -> None:
    assert stages.stage_names(ROOT) == ["dev", "staging", "production"]
    assert stages.is_stage(ROOT, "dev-maria")
    assert not stages.is_stage(ROOT, "staging-2")
    assert stages.account_variable(ROOT, "production") == "PRODUCTION_AWS_ACCOUNT_ID"
    assert stages.account_variable(ROOT, "dev-maria") == "DEV_AWS_ACCOUNT_ID"
    assert stages.alarm_variable(ROOT, "staging") == "STAGING_ALARM_EMAIL"


def node(program: str, **variables: str) -> str:
    """The output of a Node program that imports modules of the stack."""
    command = [str(Path(sys.executable).parent / "node"), "--disable-warning=ExperimentalWarning"]
    asked = subprocess.run(
        [*command, "--input-type=module", "-e", program], cwd=ROOT, env=variables, capture_output=True, check=True
    )
    return asked.stdout.decode()


def missing_tool(path: str, **variables: str) -> str:
    """The missing tool that sst.config.ts reports before a deploy, or ``nothing``."""
    program = "import { missingTool } from './infra/toolchain.ts'; console.log(missingTool() ?? 'nothing')"
    return node(program, PATH=path, **variables)


def test_a_missing_tool_is_reported(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\n")
    uv.chmod(0o755)
    assert missing_tool(str(tmp_path), UV_PYTHON="3.12") == "nothing\n"
    assert "UV_PYTHON" in missing_tool(str(tmp_path))
    uv.write_text("#!/bin/sh\necho 'pyenv: uv: command not found'; exit 127\n")
    assert '"uv"' in missing_tool(str(tmp_path), UV_PYTHON="3.12")
    assert '"uv"' in missing_tool(str(tmp_path / "nowhere"), UV_PYTHON="3.12")


def stage_problem(stage: str, settings: str = "{}", **variables: str) -> str:
    """The reason why the program refuses to deploy the stage, or ``nothing``. ``settings`` replaces settings of it."""
    program = f"""
        import {{ registerHooks }} from "node:module";
        // SST's bundler needs no file endings; Node does.
        const ended = (name) => (/^[.].*[a-z]$/.test(name) && !name.endsWith(".ts") ? `${{name}}.ts` : name);
        registerHooks({{ resolve: (name, context, next) => next(ended(name), context) }});
        const {{ stages }} = await import("./project.config.ts");
        const {{ stageProblem }} = await import("./infra/settings.ts");
        Object.assign(stages.{stage}, {settings});
        console.log(stageProblem("{stage}") ?? "nothing");"""
    return node(program, **variables)


@pytest.mark.parametrize(
    ("budget", "email", "problem"),
    [
        ("50", "a@example.com", "nothing"),
        ("50", "", "set DEV_ALARM_EMAIL"),
        ("0", "a@example.com", "more than 0"),
    ],
)
def test_a_budget_needs_an_address_and_an_amount(budget: str, email: str, problem: str) -> None:
    assert problem in stage_problem("dev", f"{{ monthlyBudgetUSD: {budget} }}", DEV_ALARM_EMAIL=email)


@pytest.mark.parametrize(
    ("stage", "email", "problem"),
    [
        ("dev", "", "nothing"),
        ("dev", "ops", "set DEV_ALARM_EMAIL"),
        ("staging", "", "set STAGING_ALARM_EMAIL"),
        ("staging", "a@example.com", "nothing"),
        ("production", "", "set PRODUCTION_ALARM_EMAIL"),
        ("production", "ops", "set PRODUCTION_ALARM_EMAIL"),
        ("production", "a@example.com", "nothing"),
    ],
)
def test_alarms_need_a_recipient_outside_of_development(stage: str, email: str, problem: str) -> None:
    variables = {f"{stage.upper()}_ALARM_EMAIL": email, f"{stage.upper()}_AWS_ACCOUNT_ID": "111122223333"}
    assert problem in stage_problem(stage, **{name: value for name, value in variables.items() if value})


class Deployed:
    """A stand-in for a deployed API."""

    def __init__(self, *statuses: dict[str, Any], health: dict[str, Any] | None = None, accepts: int = 202) -> None:
        self.statuses = list(statuses)
        self.health = health or {"status": "ok", "stage": "dev"}
        self.accepts = accepts
        self.posted: dict[str, Any] | None = None

    def __call__(self, method: str, path: str, body: dict[str, Any] | None) -> live.Answer:
        if path == "/health":
            return live.Answer(200, self.health, {})
        if method == "POST":
            self.posted = body
            return live.Answer(self.accepts, {"id": "j-1"}, {"retry-after": "2"})
        assert path == "/status/j-1"
        return live.Answer(200, self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0], {})


def no_wait(_seconds: float) -> None:
    """Replaces ``time.sleep``."""


def test_the_proof_waits_for_a_real_job() -> None:
    api = Deployed({"status": "queued"}, {"status": "running"}, {"status": "succeeded", "result": {"a": 1}})
    assert list(live.job(api, no_wait)) == []
    assert api.posted is not None
    assert api.posted["metadata"] == {"purpose": "deploy-proof"}


@pytest.mark.parametrize(
    ("api", "expected"),
    [
        (Deployed({"status": "failed", "error": {"code": "model_access_denied"}}), "model_access_denied"),
        (Deployed({"status": "succeeded", "result": None}), "ended succeeded"),
        (Deployed({"status": "queued"}), "has not finished"),
        (Deployed(accepts=403), "execute-api:Invoke"),
        (Deployed(accepts=401), "API_TOKEN"),
    ],
)
def test_a_job_without_a_result_is_a_problem(api: Deployed, expected: str) -> None:
    [problem] = live.job(api, no_wait)
    assert expected in problem


def test_the_hint_for_a_token_without_the_scope_names_the_scope(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_TOKEN", "t")
    assert "scope" in next(live.job(Deployed(accepts=403), no_wait))


def test_an_unhealthy_api_or_another_stage_is_a_problem() -> None:
    assert list(live.health(Deployed(), "dev", no_wait)) == []
    assert "another deploy" in next(live.health(Deployed(), "staging", no_wait))
    down = Deployed(health={"status": "degraded"})
    assert "degraded" in next(live.health(down, "dev", no_wait))


def wired(
    *, state: str = "Enabled", dead: str = "0", policy: str | None = "arn:aws:sqs:eu-west-1:111122223333:dead"
) -> Any:
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": policy, "maxReceiveCount": 5})} if policy else {}
    attributes = {
        QUEUE: {"QueueArn": "arn:jobs", **redrive},
        QUEUE.replace("/jobs", "/dead"): {"ApproximateNumberOfMessages": dead},
    }
    mapping = {"State": state, "FunctionResponseTypes": ["ReportBatchItemFailures"]}
    clients = {
        "sqs": RecordedClient({"get_queue_attributes": lambda QueueUrl, **_: {"Attributes": attributes[QueueUrl]}}),  # noqa: N803
        "lambda": RecordedClient({"list_event_source_mappings": {"EventSourceMappings": [mapping] if state else []}}),
    }
    return clients.__getitem__


def test_a_queue_without_consumer_or_dead_letter_queue_is_a_problem() -> None:
    assert list(live.wiring(QUEUE, wired())) == []
    assert "No function reads" in next(live.wiring(QUEUE, wired(state="")))
    assert "Disabled" in next(live.wiring(QUEUE, wired(state="Disabled")))
    assert "no dead-letter queue" in next(live.wiring(QUEUE, wired(policy=None)))


def test_old_dead_letters_are_reported_and_are_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(live.wiring(QUEUE, wired(dead="2"))) == []
    assert "2 old messages" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("live_code", "update", "expected"),
    [(b"built", "Successful", None), (b"placeholder", "Successful", "different code"), (b"built", "Failed", "because")],
)
def test_code_other_than_the_built_one_is_a_problem(
    tmp_path: Path, live_code: bytes, update: str, expected: str | None
) -> None:
    archive = tmp_path / ".sst/artifacts/Sweeper/code.zip"
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"built")
    digest = base64.b64encode(hashlib.sha256(live_code).digest()).decode()
    configuration = {"CodeSha256": digest, "LastUpdateStatus": update, "LastUpdateStatusReason": "because"}
    client = RecordedClient({"get_function_configuration": configuration})
    functions = {"Sweeper": "app-dev-SweeperFunction", "BuiltElsewhere": "app-dev-BuiltElsewhere"}
    problems = list(live.code(tmp_path, functions, lambda _service: client))
    assert len(problems) == (expected is not None)
    assert all(expected in problem for problem in problems if expected)


@pytest.fixture
def echo() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers 202 and records the headers and bodies of its requests."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            seen.append({"body": body} | {name.lower(): value for name, value in self.headers.items()})
            self.send_response(202)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Log nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


def test_requests_are_signed_or_carry_a_token(
    echo: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, seen = echo
    session = boto3.Session("id", "secret", "session-token", region_name="eu-west-1")
    api = live.Api(url, session, "eu-west-1")
    monkeypatch.delenv("API_TOKEN", raising=False)
    assert api("POST", "/analyze", {"a": 1}).status == 202
    monkeypatch.setenv("API_TOKEN", "t")
    api("POST", "/analyze", {"a": 1})
    assert "/eu-west-1/execute-api/aws4_request" in seen[0]["authorization"]
    assert seen[0]["x-amz-security-token"] == "session-token"
    assert seen[1]["authorization"] == "Bearer t"
    assert seen[0]["idempotency-key"] != seen[1]["idempotency-key"]
    assert signature_of(f"{url}/analyze", seen[0]) == seen[0]["authorization"].rpartition("Signature=")[2]


def signature_of(url: str, received: dict[str, str]) -> str:
    """The signature that API Gateway computes from the received request and the caller's secret."""
    signed = received["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest("POST", url, {name: received[name] for name in signed}, received["body"])
    request.context["timestamp"] = received["x-amz-date"]
    auth = SigV4Auth(Credentials("id", "secret"), "execute-api", "eu-west-1")
    return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


def test_an_open_api_needs_no_credentials(
    echo: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, seen = echo
    session = boto3.Session(region_name="eu-west-1")
    monkeypatch.setattr(session, "get_credentials", lambda: None)
    monkeypatch.delenv("API_TOKEN", raising=False)
    assert live.Api(url, session, "eu-west-1")("POST", "/analyze", {"a": 1}).status == 202
    assert "authorization" not in seen[0]


def test_the_region_is_read_from_the_outputs(tmp_path: Path) -> None:
    (tmp_path / ".sst").mkdir()
    (tmp_path / ".sst/outputs.json").write_text(
        json.dumps({"api": "https://a", "queue": QUEUE, "bucket": "b", "functions": {"A": "app-A"}})
    )
    assert live.Outputs.read(tmp_path) == live.Outputs("https://a", QUEUE, {"A": "app-A"})
    assert live.Outputs.read(tmp_path).region == "eu-west-1"
