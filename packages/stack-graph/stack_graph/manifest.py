"""The product's manifest: the facts about its code that checks and documents need.

The checked tree computes it in a separate process, ``python -m pipeline.manifest`` in its folder ``functions``. No
tool imports the product, and none names its modules or files.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = "functions"
MODULE = "pipeline.manifest"
TIME_LIMIT_S = 60
"""The manifest takes about 1 s on a quiet machine."""


@dataclass(frozen=True, eq=False)
class Manifest:
    """The sections that the tree could compute; see the product's own description of them."""

    data: dict[str, Any]

    def section(self, name: str) -> Any:
        """The section; ``None`` if the tree could not compute it."""
        return self.data.get(name)

    def error(self, name: str) -> str:
        """The reason why the section could not be computed; empty if it could."""
        errors: dict[str, str] = self.data.get("errors", {})
        return "" if name in self.data else errors.get(name, errors.get("manifest", ""))

    def file(self, name: str) -> str:
        """A file of the product by its role, relative to the repository; the manifest's own if there is none."""
        files: dict[str, str] = self.data.get("files", {})
        return files.get(name, f"{FOLDER}/{MODULE.replace('.', '/')}/__init__.py")


def read(root: Path, config: str = "{}", rules: str = "{}") -> Manifest:
    """The manifest of a tree, for a stage with these parameter values. Computed once for each state of the files."""
    parameters = json.dumps({"config": config, "rules": rules})
    return _computed(root, parameters, _newest(root / FOLDER))


def _newest(folder: Path) -> float:
    """The time of the last change of a file in the folder, in seconds since the epoch."""
    found = (file for file in folder.rglob("*") if file.suffix in (".py", ".json", ".sql"))
    return max((file.stat().st_mtime for file in found), default=0.0)


@lru_cache(maxsize=8)
def _computed(root: Path, parameters: str, changed: float) -> Manifest:  # noqa: ARG001 - part of the cache's key
    if not (root / FOLDER / MODULE.replace(".", "/")).is_dir():  # else Python would find the installed product
        return Manifest({"errors": {"manifest": f"{FOLDER} has no module {MODULE}"}})
    # Clients are built and never used: they need a region and credentials, and nothing may reach the real ones.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    environment |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    environment |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    environment |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(root / FOLDER), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", MODULE],
        input=parameters,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    try:
        return Manifest(json.loads(done.stdout))
    except ValueError:
        return Manifest({"errors": {"manifest": done.stderr.strip()[-300:]}})
