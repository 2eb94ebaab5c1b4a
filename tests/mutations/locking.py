"""Changes that need uv: a lock that fits what was changed before it."""

import os
import subprocess
from pathlib import Path


def lock(root: Path) -> None:
    """``uv lock``, as whoever changes a project does it."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "VIRTUAL_ENV"))}
    done = subprocess.run(["uv", "lock"], cwd=root, env=ours, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
