"""schemathesis, on a running pipeline that asks for tokens: requests made from what the API says of itself."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.conftest import Pipeline

CONFIGURATION = Path(__file__).parents[1] / "fuzz" / "schemathesis.toml"


@dataclass(frozen=True)
class Fuzzed:
    """What came of it. ``said`` names each fault, with a request that shows it, and the seed."""

    found_nothing: bool
    cases: int
    said: str


def fuzz(pipeline: Pipeline, token: str, directory: Path, examples: int, seed: int | None = None) -> Fuzzed:
    """At most so many examples for each operation in each phase; without a seed others each time."""
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
    return Fuzzed(done.returncode == 0, int(cases[1]) if cases else 0, done.stdout + done.stderr)
