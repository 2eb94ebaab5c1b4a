"""An archive contains the packages that the function needs, and no more."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from stack_graph.graph import Rehearsed, Resource

from deploy_checks.archive import contents, package_of
from deploy_checks.checks.files_text import line_of, text_of
from deploy_checks.finding import Finding
from deploy_checks.locked import Locked
from deploy_checks.subjects import python

SDK = {"boto3", "botocore"}
LARGE_ARCHIVE_BYTES = 6 * 1024 * 1024
"""An archive of the pipeline is smaller, and starts fast."""
MAX_UNPACKED_BYTES = 262_144_000
"""Lambda's limit."""


def distributions_are_needed(rehearsed: Rehearsed) -> Iterable[Finding]:
    """Each distribution in an archive is one that the lock gives to the function's package."""
    locked = Locked.read(rehearsed.root)
    for function, artifact in rehearsed.packaged():
        inside = {distribution.name for distribution in contents(artifact.path).distributions}
        pyproject, project = _project(rehearsed, function)
        if shipped := sorted(inside & SDK):
            yield Finding(
                id="sdk-in-archive",
                severity="medium",
                file=pyproject,
                line=_line(rehearsed, pyproject, "boto3"),
                message=f"{artifact.function}'s archive contains {' and '.join(shipped)}, which Lambda's runtime has: "
                "18 MB more to upload, and to load on each cold start.",
                fix="Move boto3 from [project] dependencies to the development group, then run uv lock.",
            )
        if locked is None or project is None or project not in locked.packages:
            continue
        development = locked.development()
        extra = inside - locked.needed_by(project) - SDK
        if tools := sorted(extra & development):
            built = "[build-system]" in (rehearsed.root / pyproject).read_text(encoding="utf-8")
            yield Finding(
                id="development-tools-in-archive",
                severity="medium",
                file=pyproject,
                line=1,
                message=f"{artifact.function}'s archive contains development tools: {_listed(tools)}.",
                fix="Keep the functions in a separate workspace member, with only their dependencies."
                if built
                else f"Give {pyproject} its [build-system] back: without one SST exports the development groups too.",
            )
        if foreign := sorted(extra - development):
            known = [name for name in foreign if name in locked.packages]
            yield Finding(
                id="undeclared-distribution-in-archive",
                severity="medium",
                file=pyproject if known else "uv.lock",
                line=1,
                message=f"{artifact.function}'s archive has packages that {project} does not need: {_listed(foreign)}.",
                fix="Keep the functions in a separate workspace member, with only their dependencies."
                if known
                else "The archive was built from another lock: run uv lock.",
            )


def sizes_fit(rehearsed: Rehearsed) -> Iterable[Finding]:
    """Unpacked archives are within Lambda's limit, and archives start fast."""
    for function, artifact in rehearsed.packaged():
        sizes = contents(artifact.path).sizes
        unpacked, packed = sum(sizes.values()), artifact.path.stat().st_size
        pyproject, _ = _project(rehearsed, function)
        biggest = _biggest(sizes)
        if unpacked > MAX_UNPACKED_BYTES:
            yield Finding(
                id="archive-over-lambda-limit",
                severity="high",
                file=pyproject,
                line=_line(rehearsed, pyproject, "dependencies"),
                message=f"{artifact.function} is {unpacked:,} bytes unpacked. The deploy ends with "
                "InvalidParameterValueException: Unzipped size must be smaller than 262144000 bytes",
                fix=f"Remove large packages: {biggest}.",
            )
        elif packed > LARGE_ARCHIVE_BYTES:
            yield Finding(
                id="archive-large",
                severity="low",
                file=pyproject,
                line=_line(rehearsed, pyproject, "dependencies"),
                message=f"{artifact.function}'s archive is {packed / 1024**2:.1f} MB, more than "
                f"{LARGE_ARCHIVE_BYTES / 1024**2:.0f} MB: each cold start loads it.",
                fix=f"Remove packages that the function does not need. The largest: {biggest}.",
            )


def _biggest(sizes: dict[str, int]) -> str:
    tops: dict[str, int] = {}
    for name, size in sizes.items():
        top = name.partition("/")[0]
        tops[top] = tops.get(top, 0) + size
    first = sorted(tops.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{top} ({size / 1024**2:.1f} MB)" for top, size in first)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _project(rehearsed: Rehearsed, function: Resource) -> tuple[str, str | None]:
    """The ``pyproject.toml`` that the archive is built from, and the project's name."""
    package = package_of(rehearsed.root, str(function.value("handler")))
    file = str(Path(package or "") / "pyproject.toml")
    try:
        return file, str(tomllib.loads((rehearsed.root / file).read_text(encoding="utf-8"))["project"]["name"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return file, None


def _line(rehearsed: Rehearsed, pyproject: str, words: str) -> int:
    """The first line with the words that is not a comment."""
    return line_of(text_of(rehearsed.root, pyproject), rf"^(?!\s*#).*{words}")


ABOUT = python
CHECKS = (distributions_are_needed, sizes_fit)
