"""A checkout of the repository for mutations, with the packages that are installed here."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = (".sst", "node_modules")
"""Folders that take long to install and are the same in every checkout. ``.venv`` contains its own path."""
ACCOUNT = "111122223333"
RECIPIENT = "alarms@example.com"


@dataclass(frozen=True)
class Verdict:
    """The result of ``pre-deploy.sh --json``."""

    exit_status: int
    findings: list[dict[str, Any]]
    not_checked: list[dict[str, str]]
    stderr: str

    def named(self) -> set[tuple[str, str]]:
        """Rule and file of each finding."""
        return {(finding["id"], finding["file"]) for finding in self.findings}


class Checkout:
    """One copy of the repository, for changes that are undone."""

    def __init__(self, root: Path, installed: tuple[str, ...] = INSTALLED) -> None:
        self.root = root
        for file in _git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
            if file and (ROOT / file).exists():
                (root / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / file, root / file)
        _git(root, "init", "--quiet")
        _git(root, "add", "--all")
        _git(
            root, "-c", "user.name=tests", "-c", "user.email=tests@example.org", "commit", "--quiet", "-m", "unchanged"
        )
        for folder in installed:
            if (ROOT / folder).is_dir():
                shutil.copytree(ROOT / folder, root / folder, symlinks=True)

    def pre_deploy(self, stage: str, environment: Mapping[str, str]) -> Verdict:
        """Run the command on the checkout as it is."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "VIRTUAL_ENV"))}
        stages = ("STAGING", "PRODUCTION")
        accounts = {f"{name}_AWS_ACCOUNT_ID": ACCOUNT for name in stages}
        recipients = {f"{name}_ALARM_EMAIL": RECIPIENT for name in stages}
        done = subprocess.run(
            ["./scripts/pre-deploy.sh", "--stage", stage, "--json"],
            cwd=self.root,
            env={**inherited, **accounts, **recipients, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if not done.stdout:
            raise AssertionError(f"nothing on stdout, exit status {done.returncode}:\n{done.stderr}")
        report = json.loads(done.stdout)
        return Verdict(done.returncode, report["findings"], report["not_checked"], done.stderr)

    def restore(self) -> None:
        """Undo every change, and remove new files."""
        _git(self.root, "reset", "--quiet", "--hard")
        _git(self.root, "clean", "--quiet", "--force", "-d")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout
