"""Runs schemathesis on a running pipeline with JWT authorization: it generates requests from the API's description."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.conftest import Pipeline

CONFIGURATION = Path(__file__).parents[1] / "fuzz" / "schemathesis.toml"


@dataclass(frozen=True)
class FuzzResult:
    """The result of a run. ``output`` lists each error with a request that reproduces it, and the seed."""

    passed: bool
    cases: int
    output: str


def fuzz(pipeline: Pipeline, token: str, directory: Path, examples: int, seed: int | None = None) -> FuzzResult:
    """Run ``examples`` examples at most for each operation and phase. Without a seed, each run has other examples."""
    authorization = f"Bearer {token}"
    status, _, description = pipeline.request("GET", "/openapi.json", None, {"authorization": authorization})
    assert status == 200, description
    (directory / "openapi.json").write_bytes(description)
    command = [
        *(Path(sys.prefix) / "bin" / "schemathesis", "--no-color", "--config-file", CONFIGURATION),
        *("run", "openapi.json", "--url", pipeline.ready["api_url"], "--header", f"Authorization: {authorization}"),
        *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(examples)),
        *("--warnings", "off", *(["--seed", str(seed)] if seed else [])),
    ]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    cases = re.search(r"(\d+) generated", done.stdout)
    return FuzzResult(done.returncode == 0, int(cases[1]) if cases else 0, done.stdout + done.stderr)
