"""Runs the linters that are installed beside this package: zizmor, shellcheck and deptry. None needs the network."""

import subprocess
import sys
from pathlib import Path

TIME_LIMIT_S = 120
"""Each takes less than 1 s on a quiet machine."""


def run_linter(program: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a linter in a folder. Raises FileNotFoundError if it is not installed."""
    command = [str(Path(sys.prefix) / "bin" / program), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)  # noqa: S603
