"""The costs of a stage: every resource is priced or free, and the sums follow from AWS's prices."""

from decimal import Decimal
from typing import Any

import pytest
from stack_costs.__main__ import main
from stack_costs.idle import BY_USE, FREE, PRICED, idle
from stack_costs.prices import Unpriced, assumed
from stack_costs.table import Bill, bill_of, cost_of_model, for_people, sums
from stack_graph.graph import Graph

from tests.support.graphs import ROOT, Recorded, recorded
from tests.support.rehearsed import resource


def bill(graph: Recorded) -> Bill:
    return bill_of(Graph(graph.data), ROOT)


def shown_rows() -> list[list[str]]:
    """The cells of each line of the tables, for the recorded stage."""
    return [line.strip("| ").split(" | ") for line in for_people([bill(recorded())]).splitlines()]


def month(graph: Recorded) -> Decimal:
    return sum((line.usd for line in idle(Graph(graph.data))), Decimal(0))


@pytest.mark.parametrize(
    ("kind", "inputs", "usd"),
    [
        ("aws:ec2/natGateway:NatGateway", {}, "32.85"),
        ("aws:ec2/eip:Eip", {}, "3.65"),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "Interface", "subnetIds": ["a", "b"]}, "14.60"),
        ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "Gateway"}, "0"),
        ("aws:rds/proxy:Proxy", {}, "21.90"),
        ("aws:secretsmanager/secret:Secret", {}, "0.40"),
        ("aws:sqs/queue:Queue", {}, "0"),
    ],
)
def test_one_more_resource_costs_its_aws_price(kind: str, inputs: dict[str, Any], usd: str) -> None:
    graph = recorded()
    graph.data["resources"].append(resource(kind, "First", **inputs))
    with_one = month(graph)
    graph.data["resources"].append(resource(kind, "Second", **inputs))
    assert month(graph) - with_one == Decimal(usd)


def test_a_standby_in_another_zone_doubles_the_database() -> None:
    graph = recorded()
    before = sums(idle(Graph(graph.data)))
    graph["DatabaseInstance"]["multiAz"] = True
    after = sums(idle(Graph(graph.data)))
    changed = {item: usd / before[item] for item, usd in after.items() if usd != before[item]}
    assert changed == {"PostgreSQL instance": 2, "PostgreSQL storage": 2}


def test_a_schedule_costs_in_proportion_to_its_runs() -> None:
    graph = recorded()
    often = sums(idle(Graph(graph.data)))["Scheduled runs"]
    graph["SweeperScheduleSchedule"]["scheduleExpression"] = "rate(1 hour)"
    assert sums(idle(Graph(graph.data)))["Scheduled runs"] * 60 == often


@pytest.mark.parametrize(
    ("expression", "times_a_day"),
    [("cron(* * * * ? *)", 1440), ("cron(0 4 * * ? *)", 1), ("cron(0/15 8,20 ? * MON-FRI *)", 8)],
)
def test_a_cron_expression_costs_as_if_it_applied_to_every_day(expression: str, times_a_day: int) -> None:
    graph = recorded()
    graph["SweeperScheduleSchedule"]["scheduleExpression"] = "rate(1 day)"
    daily = sums(idle(Graph(graph.data)))["Scheduled runs"]
    graph["SweeperScheduleSchedule"]["scheduleExpression"] = expression
    assert sums(idle(Graph(graph.data)))["Scheduled runs"] / daily == pytest.approx(times_a_day, rel=0.05)


def test_a_type_without_a_price_is_refused() -> None:
    graph = recorded()
    graph.data["resources"].append(resource("aws:opensearch/domain:Domain", "Search"))
    with pytest.raises(Unpriced, match=r"Search \(infra/main.ts:7\): .*aws:opensearch/domain:Domain"):
        month(graph)


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("DatabaseInstance", "performanceInsightsRetentionPeriod", 731),
        ("DatabaseInstance", "instanceClass", "db.r8g.24xlarge"),
        ("DatabaseInstance", "storageType", "io2"),
        ("Config", "tier", "Advanced"),
        ("ApiApi", "protocolType", "WEBSOCKET"),
        ("SweeperScheduleSchedule", "scheduleExpression", "sometimes"),
    ],
)
def test_a_setting_with_an_unknown_price_is_refused(name: str, setting: str, value: object) -> None:
    graph = recorded()
    graph[name][setting] = value
    with pytest.raises(Unpriced):
        month(graph)


def test_the_table_notes_a_stage_in_another_region() -> None:
    graph = recorded()
    graph.data["region"] = "eu-central-1"
    assert "dev is in eu-central-1" in for_people([bill(graph)])


def test_logs_without_a_retention_have_no_price() -> None:
    graph = recorded()
    graph["WorkerLogGroup"]["retentionInDays"] = 0
    with pytest.raises(Unpriced, match="for ever"):
        bill(graph)


def test_no_type_is_both_free_and_on_the_bill() -> None:
    assert not FREE & PRICED.keys()
    assert not FREE & BY_USE
    assert not BY_USE & PRICED.keys()


def test_without_tracing_no_traces_are_billed() -> None:
    graph = recorded()
    assert "X-Ray traces" in sums(bill(graph).used)
    for name in ("ApiHandlerFunction", "WorkerFunction"):
        graph[name]["tracingConfig"] = {"mode": "PassThrough"}
    assert "X-Ray traces" not in sums(bill(graph).used)


def test_analyses_are_billed_with_the_default_model_of_the_stage() -> None:
    graph = recorded()
    assert bill(graph).models.default.name == "Claude Sonnet 5"
    graph["Config"]["insecureValue"] = '{"llm": {"model": "fast"}, "aliases": {}, "models": []}'
    model = bill(graph).models.default
    assert model.name == "Amazon Nova Micro"
    of_a_call = (Decimal("0.035") * 3280 + Decimal("0.14") * 135) / 1_000_000
    assert cost_of_model(model, cached=False) == 1000 * of_a_call


def test_the_table_shows_1000_analyses_with_and_without_prompt_caching() -> None:
    rows = shown_rows()
    cached, uncached = map(Decimal, next(row[1:] for row in rows if row[0] == "Claude Sonnet 5" and len(row) == 3))
    of_a_call, prefix = Decimal("2") * 3280 + Decimal("10") * 135, assumed("prefix_tokens")
    written, read = of_a_call + Decimal("0.5") * prefix, of_a_call - Decimal("1.8") * prefix
    assert uncached == round(of_a_call / 1000, 2)
    assert cached == round((of_a_call + written + 998 * read) / 1_000_000, 2)
    (haiku,) = [row for row in rows if row[0] == "Claude Haiku 4.5"]
    assert haiku[1] == haiku[2]  # it caches nothing shorter than 4,096 tokens
    total = [Decimal(row[1].strip("*")) for row in rows if row[0] in ("**total**", "total without prompt caching")]
    assert abs(total[2] - total[1] - (uncached - cached)) <= Decimal("0.01")


def test_the_total_is_the_sum_of_the_shown_lines() -> None:
    rows = shown_rows()
    idle_rows = rows[4 : next(number for number, row in enumerate(rows) if row[0] == "**total**")]
    total = next(row[1].strip("*") for row in rows if row[0] == "**total**")
    shown = sum(Decimal(row[1]) for row in idle_rows)
    assert abs(shown - Decimal(total)) <= Decimal("0.005") * len(idle_rows)


def test_the_command_reports_a_missing_rehearsal(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "graph.json" in capsys.readouterr().err
