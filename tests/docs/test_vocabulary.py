"""The vocabulary check finds replaced terms. ``scripts/test.sh`` runs it on the whole tree, with the linters."""

import pytest

from tests.docs import vocabulary


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a fault of the code", ["fault"]),
        ("FaultPlan and fault_plan", ["fault"]),
        ("the default is kept", []),
        ("an injected fault", []),
        ('{"fault": {"throttle": true}}', []),
        ("Nobody is told.", ["Nobody", "is told"]),
        ("The log says why, and whoever reads it mends it.", ["says", "whoever", "mends"]),
        ("a dead letter, the dead-letter queue and DeadLetters", []),
        ("lower-case letters or digits", []),
        ("One letter at a time", ["letter"]),
        ("an analysis of its own", ["of its own"]),
        ("the background", []),
        ('"""What is left."""', ['"""What is left."""']),
        ('"""The remaining jobs."""', []),
        ("except ValueError as fault_:", ["except ValueError as fault_:", "fault"]),
        ("except ValueError as exc:", []),
    ],
)
def test_terms_are_found_and_ordinary_words_are_not(text: str, found: list[str]) -> None:
    assert sorted(use.text for use in vocabulary.uses("functions/a.py", text)) == sorted(found)


def test_a_term_is_allowed_where_it_has_its_ordinary_meaning() -> None:
    assert list(vocabulary.uses("packages/chaos-harness/chaos_harness/plan.py", "an injected fault")) == []


def test_a_use_names_its_line_and_the_replacement() -> None:
    [use] = vocabulary.uses("a.md", "Good.\nIt mends itself.\n")
    assert str(use) == 'a.md:2: "mends": use fix, correct'
