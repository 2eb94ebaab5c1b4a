"""Public client libraries with their defaults, against the emulator: each works at the first try.

Each script has its own locked requirements (`uv lock --script`, package-lock.json), apart from those of the product.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bedrock_emulator.running import running_emulator

HERE = Path(__file__).parent
PYTHON = sorted((HERE / "python").glob("*.py"))
JAVASCRIPT = sorted((HERE / "javascript").glob("*.mjs"))
pytestmark = pytest.mark.timeout(900)  # seconds; the first run of a script installs its libraries


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    with running_emulator("--log-level", "warning") as emulator:
        yield {
            **os.environ,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": emulator.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


def run(command: list[str], environment: dict[str, str], directory: Path) -> None:
    ended = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize("script", PYTHON, ids=lambda path: path.stem)
def test_a_library_of_python(script: Path, environment: dict[str, str]) -> None:
    run(["uv", "run", "--quiet", "--locked", "--script", str(script)], environment, HERE)


@pytest.fixture(scope="module")
def installed() -> Path:
    directory = HERE / "javascript"
    subprocess.run(["npm", "ci", "--no-fund", "--no-audit", "--silent"], cwd=directory, check=True)
    return directory


@pytest.mark.parametrize("script", JAVASCRIPT, ids=lambda path: path.stem)
def test_a_library_of_javascript(script: Path, installed: Path, environment: dict[str, str]) -> None:
    run(["node", str(script)], environment, installed)
