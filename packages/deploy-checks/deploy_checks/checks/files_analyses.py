"""Checks that every file in the folder of analyses is an analysis: one that is not keeps all of them from loading."""

from collections.abc import Iterator

from stack_graph.graph import Rehearsed

from deploy_checks.finding import Finding
from deploy_checks.product import manifest_of
from deploy_checks.subjects import product


def analyses_load(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every analysis can be loaded by itself."""
    for problem in manifest_of(rehearsed).section("unloadable_analyses") or ():
        message = (
            f"The analysis cannot be loaded: {problem['message']}. The deploy succeeds, and every function fails: all "
            "analyses are loaded before the first one is used"
        )
        fix = "Fix it, or move files that are not analyses out of the folder"
        yield Finding("analysis-not-loadable", "critical", problem["file"], problem["line"], message, fix)


ABOUT = product
CHECKS = (analyses_load,)
