"""Audits uv.lock with pip-audit."""

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from dependency_audit.answer import Advisory, Answer, NoAnswer
from dependency_audit.ask import ALL_S, ONE_S, SOCKET_S, json_of

SHIPPED = ("--package", "pipeline", "--no-dev")
EVERYTHING = ("--all-packages", "--all-groups")

REQUIREMENT = re.compile(r"^(?P<name>[\w.-]+)==\S+(?P<marker> ;.*?)? \\(?:\n +--hash=.*)+", re.MULTILINE)
"""A package in the output of ``uv export``, with its hashes."""


def audit(root: Path) -> Answer:
    """The advisories of PyPI.

    A mirror without advisories answers 404. pip-audit takes that for a package that PyPI does not have, skips it, and
    reports the others as clean. So one package is queried before the others, and every package must be in the answer.
    """
    shipped, everything = exported(root, SHIPPED), exported(root, EVERYTHING)
    answer = Answer(f"{len(everything)} Python packages")
    ships = {package["name"] for package in shipped}
    try:
        _query(root, shipped[:1], ONE_S)
        for package in _query(root, everything, ALL_S):
            answer.advisories += _advisories(package, package["name"] in ships)
            if "skip_reason" in package:
                answer.not_checked = package["skip_reason"]
    except NoAnswer as exc:
        answer.not_checked = str(exc)
    return answer


def exported(root: Path, which: Sequence[str]) -> list[re.Match[str]]:
    """The packages of the lock as requirements with hashes."""
    command = ["uv", "export", "--frozen", "--quiet", "--no-emit-workspace", "--no-annotate", "--no-header", *which]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603
    return list(REQUIREMENT.finditer(done.stdout))


def _query(root: Path, packages: Sequence[re.Match[str]], limit_s: int) -> list[dict[str, Any]]:
    """The result for each package that this platform needs. Raises NoAnswer if one has no result."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(package.group() for package in packages))
        file.flush()
        options = (
            "--format",
            "json",
            "--vulnerability-service",
            "pypi",
            "--progress-spinner",
            "off",
            "--aliases",
            "on",
        )
        # Without pip nothing is resolved, downloaded or built: the lock file is complete.
        requirements = ("--requirement", file.name, "--require-hashes", "--disable-pip", "--timeout", str(SOCKET_S))
        results: list[dict[str, Any]] = json_of(["pip-audit", *options, *requirements], root, limit_s).get(
            "dependencies", []
        )
    missing = {package["name"] for package in packages if not package["marker"]} - {one["name"] for one in results}
    skipped = [one["skip_reason"] for one in results if "skip_reason" in one]
    if missing or len(skipped) == len(results):
        raise NoAnswer(skipped[0] if skipped else f"pip-audit has no result for {', '.join(sorted(missing))}")
    return results


def _advisories(package: dict[str, Any], ships: bool) -> Iterator[Advisory]:
    name = package["name"]
    for vulnerability in package.get("vulns", ()):
        versions = " or ".join(vulnerability["fix_versions"])
        if versions:
            fix = f"{name} {versions}: set it in the pyproject.toml that requires it, or `uv lock -P {name}`, and test"
        else:
            fix = f"no release fixes it: remove {name}, or add the reason why it does no harm to accepted.toml"
        ids = (vulnerability["id"], *vulnerability["aliases"])
        yield Advisory(ids, name, package["version"], ships, vulnerability["description"], fix)
