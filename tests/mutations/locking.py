"""Changes that need uv: the lock of a changed project."""

import os
import subprocess
from pathlib import Path


def lock(root: Path) -> None:
    """Run ``uv lock``, as a developer does after changing a project."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "VIRTUAL_ENV"))}
    done = subprocess.run(["uv", "lock"], cwd=root, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
