"""Runs uv. Needs only the standard library: it is used when no package can be installed."""

import os
import subprocess
from pathlib import Path

FROM_OUTSIDE = ("VIRTUAL_ENV", "UV_FROZEN", "UV_LOCKED")
"""Variables of an active virtual environment or a CI job that change uv's result."""


def run_uv(root: Path, *arguments: str, seconds: int = 120) -> subprocess.CompletedProcess[str]:
    """Run uv in the repository."""
    variables = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
    command = ["uv", *arguments]
    return subprocess.run(  # noqa: S603
        command, cwd=root, env=variables, capture_output=True, text=True, timeout=seconds, check=False
    )
