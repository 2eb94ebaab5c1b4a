"""Asking uv. Needs no package but the standard library: it is asked where nothing else could be installed."""

import os
import subprocess
from pathlib import Path

FROM_OUTSIDE = ("VIRTUAL_ENV", "UV_FROZEN", "UV_LOCKED")
"""What an active virtual environment or a CI job sets, and what would make uv say less."""


def run_uv(root: Path, *arguments: str, seconds: int = 120) -> subprocess.CompletedProcess[str]:
    """uv in the repository."""
    ours = {name: value for name, value in os.environ.items() if name not in FROM_OUTSIDE}
    command = ["uv", *arguments]
    return subprocess.run(command, cwd=root, env=ours, capture_output=True, text=True, timeout=seconds, check=False)  # noqa: S603
