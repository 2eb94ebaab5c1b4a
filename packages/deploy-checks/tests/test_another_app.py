"""The checks on an SST app that has nothing of the product: some seventy components, look-ups and resources.

Its recorded graph is that of ``packages/deploy-rehearsal/fixtures/components``, with SST's defaults. Nothing in it is
wrong, so the checks may only advise; and each change below is found.
"""

from collections.abc import Callable
from typing import Any

import pytest
from deploy_checks.checks import every_check, is_about, name_of, needs_graph
from deploy_checks.finding import Finding
from deploy_checks.rules import Rule
from deploy_checks.run_checks import Report, run_checks
from stack_graph.graph import Graph, Rehearsed

from tests.support.graphs import ANOTHER_APP, Recorded, another_app

type Change = Callable[[Recorded], object]

CHECKS = [check for check in every_check() if needs_graph(check)]


def report(graph: Recorded) -> Report:
    made = Report("dev")
    run_checks(Rehearsed(ANOTHER_APP, "dev", Graph(graph.data), ()), CHECKS, made, lambda _: None)
    return made


def above_low(graph: Recorded) -> list[Finding]:
    return [finding for finding in report(graph).findings if finding.severity != "low"]


def test_defaults_raise_advice_only() -> None:
    made = report(another_app())
    assert [finding for finding in made.findings if finding.severity != "low"] == []
    assert [one for one in made.not_checked if "crashed" in one.needs] == []
    assert {finding.id for finding in made.findings} >= {"wide-trust", "api-without-throttle", "unencrypted-topic"}


def test_what_exists_already_is_not_judged() -> None:
    advised = {subject for finding in report(another_app()).findings for subject in finding.subjects}
    assert not {name for name in advised if name.startswith("Old") or name == "Shared"} - {"OldHandler"}


def test_a_cause_is_reported_once() -> None:
    trusts = [finding for finding in report(another_app()).findings if finding.id == "wide-trust"]
    assert len(trusts) == 1
    assert "Uses" in trusts[0].message
    assert "NightlyHandler" in trusts[0].message


def test_checks_of_the_product_do_not_run() -> None:
    rehearsed = Rehearsed(ANOTHER_APP, "dev", Graph(another_app().data), ())
    left_out = {name_of(check).partition(".")[0] for check in every_check() if not is_about(check, rehearsed)}
    assert {"artifact_jobs", "files_sql", "files_models", "graph_configuration", "files_toolchain"} <= left_out


def put(name: str, **properties: object) -> Change:
    return lambda graph: graph[name].update(properties)


def open_to(port: int) -> Change:
    rule = {"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": ["0.0.0.0/0"]}
    return lambda graph: graph["Own"].update(ingress=[rule])


def variable(name: str) -> Change:
    return lambda graph: graph["UsesFunction"]["environment"]["variables"].update({name: "1"})


def action(name: str) -> Change:
    def change(graph: Recorded) -> None:
        [inline, *_] = graph["UsesRole"]["inlinePolicies"]
        inline["policy"] = inline["policy"].replace("s3:*", name)

    return change


def without(kind: str) -> Change:
    def change(graph: Recorded) -> None:
        resources: list[dict[str, Any]] = graph.data["resources"]
        resources[:] = [resource for resource in resources if resource["type"] != kind]

    return change


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (put("JobsQueue", visibilityTimeoutSeconds=10), "visibility-below-timeout"),
        (put("PgInstance", publiclyAccessible=True), "public-database"),
        (open_to(22), "open-to-the-internet"),
        (put("UsesFunction", reservedConcurrentExecutions=0), "function-never-runs"),
        (put("UsesFunction", timeout=1_000), "value-refused"),
        (variable("AWS_REGION"), "variable-reserved"),
        (variable("V"), "variable-name-refused"),
        (action("s3:GetObjekt"), "unknown-action"),
        (without("aws:apigatewayv2/integration:Integration"), "route-leads-nowhere"),
        (put("FilesBucket", bucket="Files_Of_Mine"), "invalid-bucket-name"),
        (put("UsesRole", assumeRolePolicy='{"Statement":[]}'), "role-not-for-lambda"),
        (put("PgInstance", engineVersion="17.1"), "withdrawn-database-version"),
    ],
)
def test_an_error_is_found(change: Change, rule: Rule) -> None:
    graph = another_app()
    change(graph)
    assert rule in {finding.id for finding in above_low(graph)}
