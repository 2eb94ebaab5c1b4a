"""Made-up values of a graph: where they come from, and which are too common to be traced."""

from typing import Any

from stack_graph.graph import Graph
from stack_graph.invented import invented

PLACE = {"file": "infra/zone.ts", "line": 3}
ZONE = "Z0123456789ABCDEFGHIJ"


def graph(resources: list[dict[str, Any]], invokes: list[dict[str, Any]]) -> Graph:
    return Graph(
        {"stage": "dev", "region": "eu-west-1", "account": "111122223333", "resources": resources, "invokes": invokes}
    )


def agent(**values: object) -> dict[str, Any]:
    return {"urn": "urn:agent", "type": "aws:bedrock/agent:Agent", "name": "Helper", "inputs": {}, **values}


def test_values_of_resources_and_look_ups_have_their_source() -> None:
    look_up = {"token": "aws:route53/getZone:getZone", "invented": {"zoneId": ZONE}, "sourcePosition": PLACE}
    made = {"id": "abcdefghij0123456789", "deep": [{"arn": "arn:aws:bedrock:::a"}]}
    found = invented(graph([agent(outputs={}, invented=made, sourcePosition=PLACE)], [look_up]))
    assert found == {
        ZONE: "zoneId of aws:route53/getZone:getZone at infra/zone.ts:3",
        "abcdefghij0123456789": "id of aws:bedrock/agent:Agent Helper at infra/zone.ts:3",
        "arn:aws:bedrock:::a": "deep of aws:bedrock/agent:Agent Helper at infra/zone.ts:3",
    }


def test_values_that_are_everywhere_are_left_out() -> None:
    common = {"state": "ACTIVE", "owner": "111122223333", "region": "eu-west-1", "at": "2026-01-01T00:00:00Z"}
    assert invented(graph([agent(outputs={}, invented=common)], [])) == {}


def test_a_made_up_output_leads_to_its_resource() -> None:
    made = agent(outputs={}, invented={"agentArn": "arn:aws:bedrock:::a"})
    found = graph([made], []).with_output("agentArn", "arn:aws:bedrock:::a")
    assert found is not None
    assert found.name == "Helper"
    assert found.value("agentArn") is None
