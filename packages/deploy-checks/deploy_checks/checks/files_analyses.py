"""Every file in analyses/ is an analysis: one that is not keeps all of them from being loaded."""

from collections.abc import Iterator

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_code import probed
from deploy_checks.finding import Finding

FOLDER = "functions/pipeline/analyses"


def analyses_load(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each by itself, so that the one at fault is named."""
    for name, fault in probed(rehearsed).get("unloadable", {}).items():
        message = (
            f"The analysis cannot be loaded: {fault['told']}. The deploy says OK, and no function does anything: "
            "all analyses are loaded before the first is used"
        )
        fix = "Mend it, or move what is no analysis out of the folder"
        yield Finding("analysis-not-loadable", "critical", f"{FOLDER}/{name}.py", fault["line"], message, fix)


CHECKS = (analyses_load,)
