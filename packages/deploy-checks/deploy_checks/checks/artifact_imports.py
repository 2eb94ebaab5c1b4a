"""Every handler can be imported from its archive alone."""

import re
from collections.abc import Iterable
from typing import Any

from stack_graph.graph import Rehearsed
from stack_graph.program import place_of

from deploy_checks.archive import contents, handler_module, package_of
from deploy_checks.finding import Finding, NotChecked, Verdict
from deploy_checks.locked import Locked
from deploy_checks.probe import Probe, probes, source_of
from deploy_checks.subjects import python


def handlers_import(rehearsed: Rehearsed) -> Iterable[Verdict]:
    """Lambda's runtime imports the handler first: here with only the archive."""
    untried: dict[str, list[str]] = {}
    for probe in probes(rehearsed):
        function = probe.function
        if probe.needs:
            untried.setdefault(probe.needs, []).append(probe.artifact.function)
        elif probe.result is None:
            yield Finding(
                id="handler-not-run",
                severity="critical",
                file=function.file,
                line=function.line,
                message=f"{probe.artifact.function} ({function.value('runtime')}) could not be run: {probe.failure}.",
                fix="Find out what its code does while it is imported.",
            )
        elif failure := probe.result["import_error"]:
            module = handler_module(probe.handler).removesuffix(".py")
            error = failure["chain"][0]
            file, line, fix = _cause(rehearsed, probe, failure)
            yield Finding(
                id="handler-import-failed",
                severity="critical",
                file=file,
                line=line,
                message=(
                    f"{probe.artifact.function} cannot be imported from its archive. The deploy succeeds, and each "
                    f"invocation ends with Runtime.{'ImportModuleError' if error['name'] else error['type']}: "
                    f"Unable to import module '{module}': {error['message']}"
                ),
                fix=fix,
            )
    for needs, names in untried.items():
        yield NotChecked(f"that {', '.join(sorted(names))} can be imported and answers", f"needs {needs}")


def _cause(rehearsed: Rehearsed, probe: Probe, failure: dict[str, Any]) -> tuple[str, int, str]:
    """File, line and fix of the cause: the handler string, the dependencies, the lock, or the code."""
    root, handler = rehearsed.root, probe.handler
    error = failure["chain"][0]
    missing = str(error["name"] or "").partition(".")[0]
    package = package_of(root, handler)
    pyproject = "pyproject.toml" if package is None or str(package) == "." else f"{package}/pyproject.toml"
    prefix = handler.partition("/")[0]
    inside = contents(probe.artifact.path)
    compiled = re.search(r"(^|\.)_", str(error["name"] or "")) or ".so" in str(error["message"])
    if compiled:
        return pyproject, 1, "Build for the function's runtime and architecture: wheels, not source distributions."
    if error["type"] == "ModuleNotFoundError" and missing:
        if any(name.startswith(f"{prefix}/{missing}/") for name in inside.sizes) and prefix != missing:
            fix = f"Name the handler relative to its package, {handler.removeprefix(f'{prefix}/')}: the archive's "
            fix += f"folder {prefix}/ is not on sys.path."
            return (*place_of(rehearsed, probe.function, handler), fix)
        if _lies_beside(rehearsed, probe, missing):
            fix = f"SST copies one folder, {prefix}/, and the files beside {pyproject}: move {missing} into {prefix}/, "
            fix += "or make it a workspace member that the package depends on."
            return (*source_of(rehearsed, probe, failure), fix)
        locked = Locked.read(root)
        if locked and missing in locked.workspace_modules():
            return pyproject, 1, f"Add {missing} to [project] dependencies and to [tool.uv.sources], then uv lock."
        if locked and package and locked.declared_but_not_locked(root / package, missing):
            return "uv.lock", 1, f"The lock lacks a dependency of {pyproject}: run uv lock."
        return pyproject, 1, f"Add the package of the module {missing} to [project] dependencies, then run uv lock."
    return (*source_of(rehearsed, probe, failure), "Fix the error; python -c 'import ...' reproduces it.")


def _lies_beside(rehearsed: Rehearsed, probe: Probe, module: str) -> bool:
    package = package_of(rehearsed.root, probe.handler)
    folder = rehearsed.root / (package or "")
    places = (folder, rehearsed.root)
    return any((place / module).is_dir() or (place / f"{module}.py").is_file() for place in places)


ABOUT = python
CHECKS = (handlers_import,)
