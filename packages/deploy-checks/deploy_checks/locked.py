"""Reads ``uv.lock``: the distributions that each package needs."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_checks.archive import normalised


@dataclass(frozen=True)
class Locked:
    """The packages of the lock, by name."""

    packages: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, root: Path) -> "Locked | None":
        """The lock of the workspace; ``None`` if it is missing or cannot be read."""
        try:
            data = tomllib.loads((root / "uv.lock").read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError):
            return None
        return cls({package["name"]: package for package in data.get("package", [])})

    def needed_by(self, name: str) -> set[str]:
        """A package with its transitive dependencies, without development groups."""
        found: set[str] = set()
        visited: set[tuple[str, str | None]] = set()
        todo: list[tuple[str, str | None]] = [(name, None)]
        while todo:
            at = todo.pop()
            if at in visited or at[0] not in self.packages:
                continue
            visited.add(at)
            found.add(at[0])
            package, extra = self.packages[at[0]], at[1]
            needed = (
                package.get("optional-dependencies", {}).get(extra, []) if extra else package.get("dependencies", [])
            )
            for dependency in needed:
                todo.append((dependency["name"], None))
                todo.extend((dependency["name"], name) for name in dependency.get("extra", []))
        return found

    def development(self) -> set[str]:
        """All development groups' packages, with their transitive dependencies."""
        names: set[str] = set()
        for package in self.packages.values():
            for group in package.get("dev-dependencies", {}).values():
                for dependency in group:
                    names |= self.needed_by(dependency["name"])
        return names

    def workspace_modules(self) -> set[str]:
        """The module names of the workspace's packages."""
        return {
            name.replace("-", "_")
            for name, package in self.packages.items()
            if package.get("source", {}).keys() & {"editable", "virtual"}
        }

    def declared_but_not_locked(self, package: Path, module: str) -> bool:
        """Whether the package declares a distribution with the module's name that its lock lacks."""
        try:
            project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        except (OSError, KeyError, tomllib.TOMLDecodeError):
            return False
        declared = {
            normalised(re.split(r"[\s\[<>=!~;@]", text, maxsplit=1)[0]) for text in project.get("dependencies", [])
        }
        return normalised(module) in declared and normalised(module) not in self.needed_by(normalised(project["name"]))
