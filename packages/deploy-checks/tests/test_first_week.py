"""Ordinary additions to the stack, with SST's defaults, raise nothing above advice."""

from deploy_checks.checks import every_check, needs_graph
from deploy_checks.finding import NotChecked
from stack_graph.graph import Graph, Rehearsed

from tests.support.graphs import ROOT, findings, first_week

GRAPH_CHECKS = [check for check in every_check() if ".graph_" in check.__module__ and needs_graph(check)]


def test_a_first_week_raises_advice_only() -> None:
    found = findings(GRAPH_CHECKS, first_week())
    assert [finding for finding in found if finding.severity != "low"] == []
    assert "infra/extras.ts" in {finding.file for finding in found}  # the additions are judged


def test_what_cannot_be_judged_of_it_is_named() -> None:
    rehearsed = Rehearsed(ROOT, "dev", Graph(first_week().data), ())
    verdicts = [verdict for check in GRAPH_CHECKS for verdict in check(rehearsed)]
    of_deploy_role, of_schedule = (verdict.subject for verdict in verdicts if isinstance(verdict, NotChecked))
    assert "aws:s3/bucketNotification:BucketNotification" in of_deploy_role
    assert of_schedule == "what NightlyRole allows"
