"""Fixes that are code: pasted from the finding into the program, each removes its finding.

Fixes with properties of AWS are pasted into recorded graphs, in ``packages/deploy-checks/tests/test_graph_fixes.py``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.mutations.checkout import Checkout
from tests.mutations.mutation import Change, Edit

pytestmark = pytest.mark.timeout(600)

API, QUEUE, WORKER = "infra/api.ts", "infra/jobs/queue.ts", "infra/jobs/worker.ts"
VISIBILITY = "visibilityTimeout: `${visibilityTimeoutSeconds} seconds`"
SHORT = 'visibilityTimeout: "300 seconds"'
ENVIRONMENT = "environment: jobEnvironment(workerCredentials),"
TEXT = (
    "environment: { ...jobEnvironment(workerCredentials), QUEUE_PAGE: `https://example.com/?queue=${jobQueue.url}` },"
)
THROTTLED = "args.defaultRouteSettings = throttled(throttle);"


@dataclass(frozen=True)
class Row:
    """A change with a finding, and how its fix is pasted."""

    rule: str
    changes: tuple[Change, ...]
    code: str
    """A pattern for the code in the text of the fix."""
    paste: Callable[[str], Change]

    def __str__(self) -> str:
        return self.rule


ROWS = (
    Row(
        "visibility-below-timeout",
        (Edit(QUEUE, f'"Jobs", {{\n  {VISIBILITY}', f'"Jobs", {{\n  {SHORT}'),),
        r'visibilityTimeout: "\d+ seconds"',
        lambda code: Edit(QUEUE, SHORT, code),
    ),
    Row(
        "output-in-text",
        (Edit(WORKER, ENVIRONMENT, TEXT),),
        r"\$interpolate",
        lambda code: Edit(WORKER, "QUEUE_PAGE: ", f"QUEUE_PAGE: {code}"),
    ),
    Row(
        "api-without-throttle",
        (Edit(API, THROTTLED, ""),),
        r"defaultRouteSettings: (\{[^}]*\})",
        lambda code: Edit(API, "stage: (args) => {", f"stage: (args) => {{\n      args.defaultRouteSettings = {code};"),
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_pasted_fix_removes_the_finding(checkout: Checkout, row: Row) -> None:
    try:
        for change in row.changes:
            change(checkout.root)
        before = checkout.pre_deploy("dev", {})
        (fix,) = [finding["fix"] for finding in before.findings if finding["id"] == row.rule]
        found = re.search(row.code, fix)
        assert found, fix
        row.paste(found.group(found.lastindex or 0))(checkout.root)
        after = checkout.pre_deploy("dev", {})
    finally:
        checkout.restore()
    assert row.rule not in {rule for rule, _ in after.named()}
    assert {finding["severity"] for finding in after.findings} <= {"low"}, after.stderr
