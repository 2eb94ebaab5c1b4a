"""The local stack runs what is deployed: its wiring file is the one that this deploy makes."""

from collections.abc import Iterator

from stack_graph.graph import Rehearsed
from stack_graph.wiring import text

from deploy_checks.finding import Finding

FILE = "infra/wiring.json"


def wiring_is_fresh(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Stages differ in sizes and access: the file is made from the one that it names."""
    file = rehearsed.root / FILE
    written = file.read_text(encoding="utf-8") if file.is_file() else ""
    if f'"stage": "{rehearsed.stage}"' not in written or written == text(rehearsed.graph):
        return
    made = text(rehearsed.graph).splitlines()
    lines = enumerate(zip(written.splitlines(), made, strict=False), start=1)
    line = next((number for number, (old, new) in lines if old != new), 1)
    yield Finding(
        id="wiring-stale",
        severity="medium",
        file=FILE,
        line=line,
        message="The local stack, and every test on it, runs something else than what is deployed.",
        fix="Make it again: ./scripts/stack-docs.sh",
    )


CHECKS = (wiring_is_fresh,)
