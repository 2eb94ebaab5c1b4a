"""Every package of package-lock.json, by npm. None of them ships: they deploy, check types and draw."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dependency_audit.answer import Advisory, Answer, NoAnswer
from dependency_audit.ask import ALL_S, ONE_S, SOCKET_S, json_of

LOCK = "package-lock.json"


def audit(root: Path) -> Answer:
    """What npm's registry knows of them. One is asked about before the others: a mirror may have no advisories at all,
    and need not be told what is used here.
    """
    locked: dict[str, dict[str, Any]] = json.loads((root / LOCK).read_text(encoding="utf-8"))["packages"]
    answer = Answer(f"{len(locked) - 1} npm packages")  # the first is this repository
    try:
        with tempfile.TemporaryDirectory() as folder:
            _write_lock_of_one(locked, Path(folder))
            _asked(Path(folder), ONE_S)
        for package in _asked(root, ALL_S).values():
            answer.advisories += _advisories(package, locked)
    except NoAnswer as fault:
        answer.not_checked = str(fault)
    return answer


def _write_lock_of_one(locked: dict[str, dict[str, Any]], folder: Path) -> None:
    path, package = next((path, one) for path, one in locked.items() if path and "dependencies" not in one)
    asks = {"name": "one", "dependencies": {path.rpartition("node_modules/")[2]: package["version"]}}
    lock = {"name": "one", "lockfileVersion": 3, "packages": {"": asks, path: {**package, "dev": False}}}
    (folder / "package.json").write_text(json.dumps(asks), encoding="utf-8")
    (folder / LOCK).write_text(json.dumps(lock), encoding="utf-8")


def _asked(folder: Path, longest: int) -> dict[str, dict[str, Any]]:
    """The packages of the lock there of which a fault is known. Raises NoAnswer."""
    command = ["npm", "audit", "--json", "--package-lock-only", "--fetch-retries=1"]
    said = json_of([*command, f"--fetch-timeout={SOCKET_S * 1000}"], folder, longest)
    if "vulnerabilities" not in said:
        raise NoAnswer(said.get("message") or said.get("error", {}).get("summary") or "npm audit says nothing")
    faults: dict[str, dict[str, Any]] = said["vulnerabilities"]
    return faults


def _advisories(package: dict[str, Any], locked: dict[str, dict[str, Any]]) -> Iterator[Advisory]:
    """A package is also listed for what it depends on: that is told where it is at fault itself."""
    name = package["name"]
    for fault in package["via"]:
        if not isinstance(fault, dict):
            continue
        versions = {locked[node]["version"] for node in package["nodes"] if node in locked}
        yield Advisory(
            ids=(fault["url"].rpartition("/")[2],),
            package=name,
            version=" and ".join(sorted(versions)),
            ships=False,
            about=f"{fault['title']} (in {fault['range']})",
            mend=_mend(name, package["fixAvailable"]),
        )


def _mend(name: str, fix: bool | dict[str, Any]) -> str:
    match fix:
        case {"name": owner, "version": version}:
            return f"{owner} {version}: name it in package.json, run npm install, and test"
        case True:
            return f"run `npm update {name}`, and test"
        case _:
            return f"there is no release without it: do without {name}, or write into accepted.toml why it does no harm"
