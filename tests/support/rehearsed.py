"""A small rehearsed deploy for tests: a repository, a graph with one function, and the function's archive."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stack_graph.graph import Rehearsed

HANDLER = "pkg/handlers/main.handler"
ARN = "arn:aws:lambda:us-east-1:111122223333:function:main"
PLACE = {"file": "infra/main.ts", "line": 7, "column": 1, "exact": True}

PYPROJECT = """\
[project]
name = "pkg"
version = "0.1.0"
requires-python = "==3.12.*"
dependencies = ["good==1.0"]

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
LOCK = """\
version = 1

[[package]]
name = "pkg"
source = { editable = "functions" }
dependencies = [{ name = "good" }]

[[package]]
name = "root"
source = { virtual = "." }

[package.dev-dependencies]
dev = [{ name = "tool" }]

[[package]]
name = "good"
version = "1.0"

[[package]]
name = "tool"
version = "1.0"

[[package]]
name = "other"
version = "1.0"
"""
MANIFEST = """print('{"files": {"migrations": "database/migrations"}}')"""


def resource(kind: str, name: str, /, **inputs: Any) -> dict[str, Any]:
    """A resource as a graph lists it."""
    return {
        "urn": f"urn:pulumi:dev::app::{kind}::{name}",
        "type": kind,
        "name": name,
        "parent": None,
        "id": name,
        "inputs": inputs,
        "outputs": {},
        "propertyDependencies": {},
        "sourcePosition": PLACE,
    }


class Deploy:
    """A valid rehearsed deploy, which a test changes before it writes the files."""

    def __init__(self, directory: Path) -> None:
        self.root = directory / "repository"
        self.out = directory / "rehearsal"
        component = resource("sst:aws:Function", "Main")
        self.function = resource(
            "aws:lambda/function:Function",
            "MainFunction",
            name="main",
            handler=HANDLER,
            runtime="python3.12",
            architectures=["x86_64"],
            memorySize=512,
            timeout=29,
            packageType="Zip",
            environment={"variables": {"SST_KEY": "[secret]"}},
        )
        self.function["outputs"] = {"arn": ARN}
        self.function["parent"] = component["urn"]
        self.resources = [component, self.function]
        self.diagnostics: list[dict[str, Any]] = []
        self.complete = True
        self.sources: dict[str, str] = {"pkg/__init__.py": "", "pkg/handlers/__init__.py": ""}
        self.shipped: dict[str, bytes] = {}
        self.code("def handler(event, context):\n    return {'statusCode': 200, 'body': '{}'}\n")

    def code(self, text: str) -> None:
        """Set the source of the handler's module."""
        self.sources["pkg/handlers/main.py"] = text

    def variables(self, **variables: str) -> None:
        """Set the environment variables of the function."""
        self.function["inputs"]["environment"]["variables"] = variables

    def route(self, key: str) -> None:
        """Add a route that invokes the function."""
        integration = resource("aws:apigatewayv2/integration:Integration", "Integration", integrationUri=ARN)
        route = resource("aws:apigatewayv2/route:Route", key, routeKey=key, target="integrations/Integration")
        self.resources += [integration, route]

    def queue(self) -> None:
        """Add a queue that invokes the function."""
        self.resources.append(
            resource(
                "aws:lambda/eventSourceMapping:EventSourceMapping",
                "Jobs",
                eventSourceArn="arn:aws:sqs:us-east-1:111122223333:jobs",
                functionName=ARN,
                functionResponseTypes=["ReportBatchItemFailures"],
            )
        )

    def distribution(self, name: str, tag: str = "py3-none-any", files: Mapping[str, bytes] | None = None) -> None:
        """Put an installed distribution into the archive."""
        info = f"{name}-1.0.dist-info"
        module = f"{name}/__init__.py"
        record = "\n".join(f"{file},," for file in (module, *(files or {})))
        self.shipped |= {
            module: b"",
            f"{info}/METADATA": f"Name: {name}\nVersion: 1.0\n".encode(),
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n".encode(),
            f"{info}/RECORD": record.encode(),
            **(files or {}),
        }

    def write(self) -> Rehearsed:
        """Write the repository and the rehearsal, and read them as the checks do."""
        repository = {
            "sst.config.ts": "",
            "infra/main.ts": "\n" * 10,
            "pyproject.toml": "[project]\nname = 'root'\n[tool.uv.workspace]\nmembers = ['functions']\n",
            "uv.lock": LOCK,
            "functions/pyproject.toml": PYPROJECT,
            "functions/pipeline/manifest/__main__.py": MANIFEST,
            **{f"functions/{name}": text for name, text in self.sources.items()},
        }
        for name, text in repository.items():
            file = self.root / name
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
        archive = self.out / "artifacts" / "Main" / "code.zip"
        archive.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file_of:
            file_of.writestr("./", b"")
            for path, content in (self.sources | self.shipped).items():
                file_of.writestr(path, content)
        listed = [{"function": "Main", "path": "artifacts/Main/code.zip"}]
        graph = {
            "app": "app",
            "stage": "dev",
            "account": "111122223333",
            "region": "us-east-1",
            "complete": self.complete,
            "resources": self.resources,
            "invokes": [],
            "diagnostics": self.diagnostics,
        }
        (self.out / "artifacts.json").write_text(json.dumps(listed), encoding="utf-8")
        (self.out / "graph.json").write_text(json.dumps(graph), encoding="utf-8")
        return Rehearsed.read(self.root, self.out)
