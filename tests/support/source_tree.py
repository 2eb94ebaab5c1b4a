"""A copy of the repository's files for tests that change it, with a small graph in place of a rehearsal."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_checks.checks import Check
from deploy_checks.finding import Finding
from stack_graph.graph import Graph, Rehearsed

ROOT = Path(__file__).parents[2]
FILES = (
    ".env",
    ".nvmrc",
    ".python-version",
    "package-lock.json",
    "package.json",
    "project.config.ts",
    "pyproject.toml",
    "sst.config.ts",
    "tsconfig.json",
    "uv.lock",
)
FOLDERS = ("database", "functions", "infra")


@dataclass
class SourceTree:
    """The copy, and the data of its graph."""

    root: Path
    data: dict[str, Any]

    def edit(self, file: str, old: str, new: str) -> None:
        text = (self.root / file).read_text()
        assert old in text, f"{file} has no {old!r}"
        (self.root / file).write_text(text.replace(old, new, 1))

    def add(self, file: str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text)

    def append(self, file: str, text: str) -> None:
        self.add(file, (self.root / file).read_text() + text)

    def line(self, file: str, text: str) -> int:
        lines = (self.root / file).read_text().splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)

    def rehearsed(self) -> Rehearsed:
        return Rehearsed(self.root, "dev", Graph(self.data), ())

    def findings(self, checks: Iterable[Check]) -> list[Finding]:
        rehearsed = self.rehearsed()
        return [verdict for check in checks for verdict in check(rehearsed) if isinstance(verdict, Finding)]


def copy_repository(root: Path) -> SourceTree:
    """Copy the files that the checks read; installed npm packages have only their name and version."""
    projects = [str(file.relative_to(ROOT)) for file in ROOT.glob("packages/*/pyproject.toml")]
    for file in (*FILES, *projects):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, root / file)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "[!u]*.pem"))
    for name, version in json.loads((ROOT / "package.json").read_text())["devDependencies"].items():
        (root / "node_modules" / name).mkdir(parents=True)
        (root / "node_modules" / name / "package.json").write_text(json.dumps({"name": name, "version": version}))
    return SourceTree(root, _graph())


def _graph() -> dict[str, Any]:
    policy = {"inlinePolicies": [{"policy": '{"Action": "bedrock:InvokeModel"}'}]}
    return {
        "app": "bedrock-pipeline",
        "stage": "dev",
        "region": "us-east-1",
        "complete": True,
        "resources": [
            _function("api", 29),
            _function("worker", 600, "arn:models"),
            _resource("aws:iam/role:Role", "WorkerRole", policy),
            _resource("aws:ssm/parameter:Parameter", "Config", {"name": "/p/dev/config", "insecureValue": "{}"}),
        ],
    }


def _function(name: str, timeout: int, role: str = "arn:plain") -> dict[str, Any]:
    handler = {
        "handler": f"pipeline/jobs/handlers/{name}.handler",
        "runtime": "python3.12",
        "timeout": timeout,
        "role": role,
    }
    return _resource("aws:lambda/function:Function", name, handler, f"infra/{name}.ts")


def _resource(kind: str, name: str, inputs: dict[str, Any], file: str = "infra/x.ts") -> dict[str, Any]:
    return {
        "urn": f"urn:{name}",
        "type": kind,
        "name": name,
        "parent": None,
        "inputs": inputs,
        "outputs": {"arn": "arn:models"} if kind.startswith("aws:iam") else {},
        "sourcePosition": {"file": file, "line": 7},
        "propertyDependencies": {},
    }
