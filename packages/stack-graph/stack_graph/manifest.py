"""The product's manifest: the facts about its code that checks and documents need.

The checked tree computes it in a separate process, ``python -m pipeline.manifest`` in its folder ``functions``. No
tool imports the product, and none names its modules or files.
"""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
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
    """The manifest of a tree, for a stage with these parameter values. Computed once for equal code."""
    folder = root / FOLDER
    changed = max((entry.stat().st_mtime for entry in folder.rglob("*")), default=0.0)
    return _computed(_Code(folder, _digest(folder, changed)), json.dumps({"config": config, "rules": rules}))


@dataclass(frozen=True)
class _Code:
    """The code of a tree. Copies of the same files are equal."""

    folder: Path = field(compare=False)
    digest: str


@lru_cache(maxsize=8)
def _digest(folder: Path, changed: float) -> str:  # noqa: ARG001 - part of the cache's key
    """A digest of the names and contents of the files that the manifest is computed from."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".py", ".json", ".sql"):
            content = file.read_bytes()
            digest.update(f"{file.relative_to(folder)} {len(content)}\n".encode() + content)
    return digest.hexdigest()


@lru_cache(maxsize=8)
def _computed(code: _Code, parameters: str) -> Manifest:
    if not (code.folder / MODULE.replace(".", "/")).is_dir():  # else Python would find the installed product
        return Manifest({"errors": {"manifest": f"{FOLDER} has no module {MODULE}"}})
    # Clients are built and never used: they need a region and credentials, and nothing may reach the real ones.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    environment |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    environment |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    environment |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(code.folder), "PYTHONSAFEPATH": "1"}
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
