"""Every package of uv.lock, by pip-audit."""

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
"""A package of ``uv export``, with its hashes."""


def audit(root: Path) -> Answer:
    """What PyPI knows of them.

    pip-audit takes a 404, which is what a mirror without advisories gives, for a package that is none of PyPI's: it
    skips it, and calls the rest clean. So one is asked about before the others, and each of those must come back.
    """
    shipped, everything = exported(root, SHIPPED), exported(root, EVERYTHING)
    answer = Answer(f"{len(everything)} Python packages")
    ships = {package["name"] for package in shipped}
    try:
        _asked(root, shipped[:1], ONE_S)
        for package in _asked(root, everything, ALL_S):
            answer.advisories += _advisories(package, package["name"] in ships)
            if "skip_reason" in package:
                answer.not_checked = package["skip_reason"]
    except NoAnswer as fault:
        answer.not_checked = str(fault)
    return answer


def exported(root: Path, which: Sequence[str]) -> list[re.Match[str]]:
    """The packages of the lock as requirements with hashes."""
    command = ["uv", "export", "--frozen", "--quiet", "--no-emit-workspace", "--no-annotate", "--no-header", *which]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603
    return list(REQUIREMENT.finditer(done.stdout))


def _asked(root: Path, packages: Sequence[re.Match[str]], longest: int) -> list[dict[str, Any]]:
    """What is said of each package that this system needs. Raises NoAnswer when nothing is said of one."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(package.group() for package in packages))
        file.flush()
        told = ("--format", "json", "--vulnerability-service", "pypi", "--progress-spinner", "off", "--aliases", "on")
        # Without pip: nothing is resolved, downloaded or built, for the lock has said all of that.
        asked = ("--requirement", file.name, "--require-hashes", "--disable-pip", "--timeout", str(SOCKET_S))
        said: list[dict[str, Any]] = json_of(["pip-audit", *told, *asked], root, longest).get("dependencies", [])
    unasked = {package["name"] for package in packages if not package["marker"]} - {one["name"] for one in said}
    skipped = [one["skip_reason"] for one in said if "skip_reason" in one]
    if unasked or len(skipped) == len(said):
        raise NoAnswer(skipped[0] if skipped else f"pip-audit says nothing of {', '.join(sorted(unasked))}")
    return said


def _advisories(package: dict[str, Any], ships: bool) -> Iterator[Advisory]:
    name = package["name"]
    for fault in package.get("vulns", ()):
        mended = " or ".join(fault["fix_versions"])
        if mended:
            mend = f"{name} {mended}: name it in the pyproject.toml that asks for it, or `uv lock -P {name}`, and test"
        else:
            mend = f"there is no release without it: do without {name}, or write into accepted.toml why it does no harm"
        ids = (fault["id"], *fault["aliases"])
        yield Advisory(ids, name, package["version"], ships, fault["description"], mend)
