"""The local stack has the resources of the deploy: its wiring file is up to date."""

from collections.abc import Iterator

from stack_graph.graph import Rehearsed
from stack_graph.wiring import text

from deploy_checks.finding import Finding
from deploy_checks.subjects import product

FILE = "infra/wiring.json"


def wiring_is_fresh(rehearsed: Rehearsed) -> Iterator[Finding]:
    """The file exists and matches the graph of the stage that it names. Other stages differ in sizes and access."""
    file = rehearsed.root / FILE
    written = file.read_text(encoding="utf-8") if file.is_file() else ""
    of_another_stage = written and f'"stage": "{rehearsed.stage}"' not in written
    if of_another_stage or written == text(rehearsed.graph):
        return
    current = text(rehearsed.graph).splitlines()
    lines = enumerate(zip(written.splitlines(), current, strict=False), start=1)
    line = next((number for number, (old, new) in lines if old != new), 1)
    yield Finding(
        id="wiring-stale",
        severity="low",
        file=FILE,
        line=line,
        message="The local stack, and every test on it, has other resources than the deploy.",
        fix="Regenerate it: ./scripts/stack-docs.sh",
    )


ABOUT = product
CHECKS = (wiring_is_fresh,)
