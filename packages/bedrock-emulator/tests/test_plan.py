"""Fault plans: accepted forms, the calls that a rule affects, the messages for a bad plan."""

from typing import Any

import pytest
from bedrock_emulator.errors import PlanError
from bedrock_emulator.plan import read_plan
from bedrock_emulator.rule_book import RuleBook

CODES = ["ThrottlingException", "ServiceUnavailableException"]


def affected(rule: dict[str, Any], calls: int = 12, seed: int = 0) -> list[int]:
    """The numbers of the calls on which a single rule takes effect."""
    book = RuleBook(read_plan({"seed": seed, "rules": [{"fault": {"throttle": True}} | rule]}, CODES))
    return [
        n for n in range(1, calls + 1) if book.faults_for("Converse", "us.anthropic.claude-sonnet-5", "A-17 is late")
    ]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, list(range(1, 13))),
        ({"match": {"calls": "2"}}, [2]),
        ({"match": {"calls": "1-3"}}, [1, 2, 3]),
        ({"match": {"calls": "10-"}}, [10, 11, 12]),
        ({"match": {"calls": "every 5"}}, [5, 10]),
        ({"times": 2}, [1, 2]),
        ({"match": {"calls": "every 2"}, "times": 3}, [2, 4, 6]),
        ({"match": {"operation": "ConverseStream"}}, []),
        ({"match": {"operation": "Converse", "model": "sonnet", "contains": "A-17"}, "times": 1}, [1]),
        ({"match": {"contains": "A-18"}}, []),
        ({"match": {"model": "haiku"}}, []),
        ({"probability": 0.0}, []),
    ],
)
def test_a_rule_affects_the_calls_it_names(rule: dict[str, Any], expected: list[int]) -> None:
    assert affected(rule) == expected


def test_chance_depends_on_the_seed_alone() -> None:
    first = affected({"probability": 0.3}, calls=1000, seed=1)
    assert first == affected({"probability": 0.3}, calls=1000, seed=1)
    assert first != affected({"probability": 0.3}, calls=1000, seed=2)
    assert 250 < len(first) < 350


def test_latency_is_added_to_the_first_other_fault() -> None:
    rules = [{"fault": {"latency_ms": 5}}, {"fault": {"error": CODES[1], "latency_ms": 7}}, {"fault": {"hang": True}}]
    book = RuleBook(read_plan({"rules": rules}, CODES))
    assert [index for index, _ in book.faults_for("Converse", "", "")] == [0, 1]
    assert [counter["took_effect"] for counter in book.counters()] == [1, 1, 0]


@pytest.mark.parametrize(
    "fault",
    [
        {"throttle": True, "latency_ms": 10},
        {"error": "ServiceUnavailableException", "message": "later"},
        {"hang": True},
        {"timeout": True},
        {"hang_up": "middle"},
        {"invalid_json": "missing"},
        {"not_a_tool": True},
        {"truncate": True},
        {"stop_reason": "guardrail_intervened"},
        {"answer": "literally this"},
        {"answer": {"product": "Mortgage"}},
    ],
)
def test_the_faults_there_are(fault: dict[str, Any]) -> None:
    read_plan({"rules": [{"fault": fault}]}, CODES)


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        ([], "plan:"),
        ({"rule": []}, "rule:"),
        ({"rules": [{}]}, "rules.0.fault"),
        ({"rules": [{"fault": {}}]}, "a rule needs a fault"),
        ({"rules": [{"fault": {"trottle": True}}]}, "rules.0.fault.trottle"),
        ({"rules": [{"fault": {"throttle": True, "hang": True}}]}, "throttle and hang"),
        ({"rules": [{"fault": {"error": "NoSuchException"}}]}, "NoSuchException is not an error of the service"),
        ({"rules": [{"fault": {"stop_reason": "bored"}}]}, "rules.0.fault.stop_reason"),
        ({"rules": [{"fault": {"latency_ms": -1}}]}, "rules.0.fault.latency_ms"),
        ({"rules": [{"fault": {"throttle": True}, "probability": 2}]}, "rules.0.probability"),
        ({"rules": [{"fault": {"throttle": True}, "match": {"calls": "3-1x"}}]}, '"1-3"'),
        ({"rules": [{"fault": {"throttle": True}, "match": {"operation": "Convers"}}]}, "rules.0.match.operation"),
        ({"rules": [{"fault": {"throttle": True, "mid_stream": True, "message": "x"}}, 3]}, "rules.1"),
    ],
)
def test_a_bad_plan_is_refused_with_the_mistake_and_the_right_form(plan: Any, named: str) -> None:
    with pytest.raises(PlanError) as caught:
        read_plan(plan, CODES)
    assert named in str(caught.value)
    assert '{"hang_up": "before" | "middle"}' in str(caught.value)
