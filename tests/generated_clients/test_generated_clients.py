"""Clients that code generators make from the API's description submit, poll and list; linters find nothing in it.

The generators take a minute and 140 MB of packages, so this suite is not part of the default one. It runs weekly:
``./scripts/test.sh tests/generated_clients``. ``tests/unit/test_openapi.py`` checks what they rely on at every push.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from local_stack.issuer import Issuer

from tests.e2e.conftest import Pipeline

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
BIN = Path(sys.prefix) / "bin"
QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}

pytestmark = [pytest.mark.timeout(600), pytest.mark.xdist_group("tokens")]


def run(directory: Path, *command: str | Path) -> str:
    """The command's output. Node and its packages are found first."""
    path = os.pathsep.join([str(PACKAGES / ".bin"), str(BIN), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=directory, env={**os.environ, **QUIET, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def packages() -> None:
    """The locked packages of the generators."""
    run(HERE, "npm", "ci", "--ignore-scripts", "--no-fund", "--no-audit", "--silent")


@pytest.fixture
def token(issuer: Issuer) -> str:
    return issuer.token("generated-client")


@pytest.fixture
def workspace(jwt_pipeline: Pipeline, token: str, tmp_path: Path) -> Path:
    """A folder with the description that the running API serves, and the programs that use its clients."""
    for file in HERE.glob("use_*"):
        shutil.copy(file, tmp_path)
    for name in ("tsconfig.json", "spectral.yaml"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    status, _, described = jwt_pipeline.request("GET", "/openapi.json", None, {"authorization": f"Bearer {token}"})
    assert status == 200
    (tmp_path / "openapi.json").write_bytes(described)
    return tmp_path


def assert_used(jwt_pipeline: Pipeline, token: str, workspace: Path, *program: str) -> None:
    """Run the program, which prints the id of the job that it submitted, polled and listed."""
    job_id = run(workspace, *program, jwt_pipeline.ready["api_url"], token).strip()
    assert jwt_pipeline.rows("SELECT status FROM jobs WHERE id = :id", id=job_id) == [["succeeded"]]


def test_openapi_python_client(jwt_pipeline: Pipeline, workspace: Path, token: str) -> None:
    generate = (BIN / "openapi-python-client", "generate", "--path", "openapi.json", "--meta", "none")
    assert "warning" not in run(workspace, *generate, "--fail-on-warning", "--output-path", "generated").lower()
    assert_used(jwt_pipeline, token, workspace, sys.executable, "use_python_client.py")


def test_openapi_typescript(jwt_pipeline: Pipeline, workspace: Path, token: str) -> None:
    run(workspace, "openapi-typescript", "openapi.json", "--output", "generated/schema.d.ts")
    (workspace / "use_hey_api.ts").unlink()
    run(workspace, "tsc")
    assert_used(jwt_pipeline, token, workspace, "node", "built/use_openapi_fetch.js")


def test_hey_api(jwt_pipeline: Pipeline, workspace: Path, token: str) -> None:
    run(workspace, "openapi-ts", "--input", "openapi.json", "--output", "generated/client")
    (workspace / "use_openapi_fetch.ts").unlink()
    run(workspace, "tsc")
    assert_used(jwt_pipeline, token, workspace, "node", "built/use_hey_api.js")


def test_linters_find_nothing(workspace: Path) -> None:
    assert "warning" not in run(workspace, "redocly", "lint", "openapi.json").lower()
    run(workspace, "spectral", "lint", "--fail-severity", "hint", "--ruleset", "spectral.yaml", "openapi.json")
