"""Conditions for a rehearsal: without them there is no stack to check, and only the files are checked."""

from collections.abc import Callable

from stack_graph.graph import Rehearsed

from deploy_checks import node_modules
from deploy_checks.checks import files_config, files_node, files_toolchain
from deploy_checks.finding import Finding
from deploy_checks.subjects import python


def _stops(finding: Finding) -> bool:
    return finding.severity in ("critical", "high")


PRECONDITIONS: tuple[tuple[Callable[[Rehearsed], bool], str], ...] = (
    (lambda files: not any(files_config.stage(files)), "The stage does not exist."),
    (lambda files: not any(files_node.unreadable(files.root)), "Neither npm nor Node can read the package files."),
    (lambda files: node_modules.has_sst(files.root), "SST is not installed, so the deploy cannot be rehearsed."),
    (lambda files: not any(files_config.program_exists(files)), "There is no sst.config.ts."),
    (
        lambda files: not python(files) or not any(map(_stops, files_toolchain.broken_files(files))),
        "Every function would lack the packages of the projects that cannot be read.",
    ),
)
"""Each condition, in order, and why a rehearsal without it is useless. The checks report what does not hold."""


def unmet(files: Rehearsed) -> str | None:
    """The reason why the deploy cannot be rehearsed; ``None`` if it can."""
    return next((reason for holds, reason in PRECONDITIONS if not holds(files)), None)


def install_packages(files: Rehearsed, log: Callable[[str], None]) -> list[Finding]:
    """Install the packages of ``package-lock.json`` where they are missing, and return what npm refuses."""
    if any(files_config.stage(files)) or any(files_node.unreadable(files.root)):
        return []  # the checks report both
    if not (files.root / "package-lock.json").is_file():
        return []  # an app with another package manager
    return node_modules.ensure(files.root, log)
