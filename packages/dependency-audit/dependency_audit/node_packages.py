"""Audits package-lock.json with npm. None of its packages is deployed: they deploy the stack and check types."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dependency_audit.answer import Advisory, Answer, NoAnswer
from dependency_audit.ask import ALL_S, ONE_S, SOCKET_S, json_of

LOCK = "package-lock.json"


def audit(root: Path) -> Answer:
    """The advisories of npm's registry. One package is queried before the others: a mirror may have no advisories at
    all, and need not learn which packages are used here.
    """
    locked: dict[str, dict[str, Any]] = json.loads((root / LOCK).read_text(encoding="utf-8"))["packages"]
    answer = Answer(f"{len(locked) - 1} npm packages")  # the first is this repository
    try:
        with tempfile.TemporaryDirectory() as folder:
            _write_lock_of_one(locked, Path(folder))
            _vulnerable(Path(folder), ONE_S)
        for package in _vulnerable(root, ALL_S).values():
            answer.advisories += _advisories(package, locked)
    except NoAnswer as exc:
        answer.not_checked = str(exc)
    return answer


def _write_lock_of_one(locked: dict[str, dict[str, Any]], folder: Path) -> None:
    path, package = next((path, one) for path, one in locked.items() if path and "dependencies" not in one)
    package_json = {"name": "one", "dependencies": {path.rpartition("node_modules/")[2]: package["version"]}}
    lock = {"name": "one", "lockfileVersion": 3, "packages": {"": package_json, path: {**package, "dev": False}}}
    (folder / "package.json").write_text(json.dumps(package_json), encoding="utf-8")
    (folder / LOCK).write_text(json.dumps(lock), encoding="utf-8")


def _vulnerable(folder: Path, limit_s: int) -> dict[str, dict[str, Any]]:
    """The packages of the folder's lock with a known vulnerability, by name. Raises NoAnswer."""
    command = ["npm", "audit", "--json", "--package-lock-only", "--fetch-retries=1"]
    answer = json_of([*command, f"--fetch-timeout={SOCKET_S * 1000}"], folder, limit_s)
    if "vulnerabilities" not in answer:
        raise NoAnswer(answer.get("message") or answer.get("error", {}).get("summary") or "npm audit gave no result")
    vulnerabilities: dict[str, dict[str, Any]] = answer["vulnerabilities"]
    return vulnerabilities


def _advisories(package: dict[str, Any], locked: dict[str, dict[str, Any]]) -> Iterator[Advisory]:
    """The package's own advisories. npm also lists packages whose dependencies have one, with a name in place of it."""
    name = package["name"]
    for advisory in package["via"]:
        if not isinstance(advisory, dict):
            continue
        versions = {locked[node]["version"] for node in package["nodes"] if node in locked}
        yield Advisory(
            ids=(advisory["url"].rpartition("/")[2],),
            package=name,
            version=" and ".join(sorted(versions)),
            ships=False,
            description=f"{advisory['title']} (in {advisory['range']})",
            fix=_fix(name, package["fixAvailable"]),
        )


def _fix(name: str, available: bool | dict[str, Any]) -> str:
    match available:
        case {"name": owner, "version": version}:
            return f"{owner} {version}: set it in package.json, run npm install, and test"
        case True:
            return f"run `npm update {name}`, and test"
        case _:
            return f"no release fixes it: remove {name}, or add the reason why it does no harm to accepted.toml"
