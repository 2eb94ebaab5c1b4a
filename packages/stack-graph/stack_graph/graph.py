"""The rehearsed deploy: the resources that it would create, and the archives that it built."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

HIDDEN = "[secret]"
"""The rehearsal's text in place of a secret value."""

type Plain = str | int | float | bool | None


@dataclass(frozen=True)
class Values:
    """Values by name, read in their expected type. A value of another type counts as missing, so that no check has to
    handle it.
    """

    data: dict[str, Any]

    def raw(self, name: str) -> Any:
        """The value of any type; ``None`` if there is none."""
        return self.data.get(name)

    def value(self, name: str) -> Plain:
        """A string, a number or a boolean."""
        return _plain(self.raw(name))

    def number(self, name: str, default: int) -> int:
        """An integer, or an integer in a string."""
        value = self.value(name)
        return int(float(value)) if re.fullmatch(r"-?\d+(\.0+)?", str(value)) and value is not None else default

    def texts(self, name: str) -> list[str]:
        """A list of strings; a single string is a list of one."""
        return [str(value) for value in listed(self.raw(name)) if _plain(value) is not None]

    def part(self, name: str) -> "Values":
        """An object, or an object in a JSON string; empty if there is none."""
        return Values(_object(self.raw(name)))

    def parts(self, name: str) -> list["Values"]:
        """A list of objects."""
        return [Values(value) for value in listed(self.raw(name)) if isinstance(value, dict)]


def _plain(value: Any) -> Plain:
    return value if isinstance(value, str | int | float) else None


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """A list; a single value becomes a list of one, as in AWS's formats."""
    return value if isinstance(value, list) else [] if value is None else [value]


@dataclass(frozen=True)
class Resource(Values):
    """One resource of the graph. Its values are its outputs, or inputs where there is no output of that name."""

    @property
    def urn(self) -> str:
        return str(self.data["urn"])

    @property
    def type(self) -> str:
        """Pulumi's type, such as ``aws:sqs/queue:Queue``."""
        return str(self.data["type"])

    @property
    def name(self) -> str:
        """The logical name."""
        return str(self.data["name"])

    @property
    def id(self) -> str:
        """AWS's id: the name for some types, an id such as ``sg-...`` for others."""
        return str(self.data.get("id", ""))

    @property
    def parent(self) -> str | None:
        """The parent's URN."""
        parent: str | None = self.data["parent"]
        return parent

    @property
    def inputs(self) -> dict[str, Any]:
        inputs: dict[str, Any] = self.data["inputs"]
        return inputs

    @property
    def outputs(self) -> dict[str, Any]:
        outputs: dict[str, Any] = self.data["outputs"]
        return outputs

    @property
    def invented(self) -> dict[str, Any]:
        """Outputs, or ``id``, that the rehearsal made up: they can be followed, and are no facts about AWS."""
        invented: dict[str, Any] = self.data.get("invented", {})
        return invented

    @property
    def external(self) -> bool:
        """Whether the program only looks it up (``Type.get``), so that it is the work of others."""
        return bool(self.data.get("external"))

    @property
    def file(self) -> str:
        """The file that creates it, relative to the repository."""
        position = self.data.get("sourcePosition") or {}
        return str(position.get("file", "sst.config.ts"))

    @property
    def line(self) -> int:
        position = self.data.get("sourcePosition") or {}
        return int(position.get("line", 1))

    def raw(self, name: str) -> Any:
        return self.outputs.get(name, self.inputs.get(name))

    def references(self, of_property: str) -> list[str]:
        """URNs of the resources that a property's value comes from."""
        return list(self.data["propertyDependencies"].get(of_property, []))


def is_python(function: Resource) -> bool:
    """Whether a function runs on Python."""
    return str(function.value("runtime")).startswith("python")


class Graph:
    """All resources, and their relations."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.resources = [Resource(resource) for resource in data["resources"]]

    @classmethod
    def read(cls, file: Path) -> "Graph":
        """The graph that a rehearsal wrote."""
        return cls(json.loads(file.read_text(encoding="utf-8")))

    @property
    def stage(self) -> str:
        return str(self.data["stage"])

    @property
    def development(self) -> bool:
        """Whether this is a development stage: ``dev``, or a developer's copy ``dev-NAME``."""
        return self.stage == "dev" or self.stage.startswith("dev-")

    @property
    def region(self) -> str:
        return str(self.data["region"])

    @property
    def account(self) -> str:
        return str(self.data["account"])

    @cached_property
    def by_urn(self) -> dict[str, Resource]:
        return {resource.urn: resource for resource in self.resources}

    def of_type(self, kind: str) -> list[Resource]:
        """All resources of a type that the deploy manages, such as ``aws:lambda/function:Function``.

        ``with_output`` finds those that the program only looks up, too.
        """
        return self._by_type.get(kind, [])

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            if not resource.external:
                found.setdefault(resource.type, []).append(resource)
        return found

    def children(self, urn: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.parent == urn]

    def with_output(self, name: str, value: object, kind: str | None = None) -> Resource | None:
        """The resource with this output value. It traces an ARN in one resource to another resource."""
        for resource in self.resources if value is not None else ():
            if (kind is None or resource.type == kind) and value in (resource.value(name), resource.invented.get(name)):
                return resource
        return None


@dataclass(frozen=True)
class Artifact:
    """The archive of one function."""

    function: str
    """The name of the SST function, such as ``ApiHandler``: the parent of the Lambda function in the graph."""
    path: Path


@dataclass(frozen=True)
class Rehearsed:
    """A rehearsed deploy: its repository, graph and archives."""

    root: Path
    """The repository."""
    stage: str
    graph: Graph
    artifacts: tuple[Artifact, ...]

    @classmethod
    def read(cls, root: Path, directory: Path) -> "Rehearsed":
        """Read the results of a rehearsal: ``graph.json``, ``artifacts.json`` and the archives."""
        listed = json.loads((directory / "artifacts.json").read_text(encoding="utf-8"))
        artifacts = tuple(Artifact(entry["function"], directory / entry["path"]) for entry in listed)
        graph = Graph.read(directory / "graph.json")
        return cls(root, graph.stage, graph, artifacts)

    @classmethod
    def nothing(cls, root: Path, stage: str) -> "Rehearsed":
        """An empty graph, if the deploy could not be rehearsed: checks of files still run."""
        graph = {"app": "", "stage": stage, "region": "", "account": "", "complete": False, "resources": []}
        return cls(root, stage, Graph(graph), ())

    def functions(self) -> Iterator[tuple[Resource, Artifact | None]]:
        """Each Lambda function with its archive; ``None`` for one that SST did not package."""
        archives = {artifact.function: artifact for artifact in self.artifacts}
        for function in self.graph.of_type("aws:lambda/function:Function"):
            component = self.graph.by_urn.get(function.parent or "")
            yield function, archives.get(component.name) if component else None

    def packaged(self) -> Iterator[tuple[Resource, Artifact]]:
        """Python functions whose archive exists."""
        for function, artifact in self.functions():
            if is_python(function) and artifact is not None and artifact.path.is_file():
                yield function, artifact
