"""The team's own file: findings that it accepts for a time, and checks that it adds."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from deploy_checks import __main__ as command
from deploy_checks import own_rules
from deploy_checks.finding import Finding
from stack_graph.graph import Graph, Rehearsed

from tests.support.rehearsed import Deploy

TODAY = date(2026, 12, 1)
ENTRY = """
[[accepted]]
rule = "open-function-url"
reason = "The handler checks the sender's signature."
since = 2026-11-28
until = 2027-05-01
"""
URL = Finding("open-function-url", "low", "infra/webhook.ts", 4, "Everyone may call Webhook", "set authorization")


@pytest.fixture
def rules(tmp_path: Path) -> Callable[[str], own_rules.OwnRules]:
    def read(text: str) -> own_rules.OwnRules:
        (tmp_path / own_rules.FILE).write_text(text, encoding="utf-8")
        return own_rules.read(tmp_path)

    return read


def test_without_the_file_nothing_is_accepted(tmp_path: Path) -> None:
    assert own_rules.read(tmp_path).sorted_out([URL], TODAY) == ([URL], 0)


@pytest.mark.parametrize("more", ["", 'file = "infra/webhook.ts"\n', 'names = "Webhook"\n'])
def test_an_accepted_finding_is_not_reported(rules: Callable[[str], own_rules.OwnRules], more: str) -> None:
    other = replace(URL, id="open-function")
    assert rules(ENTRY + more).sorted_out([URL, other], TODAY) == ([other], 1)


@pytest.mark.parametrize("more", ['file = "infra/other.ts"\n', 'names = "Other"\n'])
def test_an_entry_that_accepts_nothing_is_reported(rules: Callable[[str], own_rules.OwnRules], more: str) -> None:
    [same, unused], count = rules(ENTRY + more).sorted_out([URL], TODAY)
    assert (same, count) == (URL, 0)
    assert (unused.id, unused.file, unused.line) == ("acceptance-unused", "pre-deploy.toml", 2)


def test_a_finding_returns_after_the_last_day(rules: Callable[[str], own_rules.OwnRules]) -> None:
    accepting = rules(ENTRY)
    assert accepting.sorted_out([URL], date(2027, 5, 1)) == ([], 1)
    [same, ended], count = accepting.sorted_out([URL], date(2027, 5, 2))
    assert (same, count) == (URL, 0)
    assert "ended on 2027-05-01" in ended.message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('reason = "The handler checks the sender\'s signature."\n', ""),
        ("The handler checks the sender's signature.", " "),
        ("until = 2027-05-01", 'until = "2027-05-01"'),
        ("until = 2027-05-01", "until = 2029-05-01"),
        ("until = 2027-05-01", "until = 2026-11-01"),
        ("since = 2026-11-28\n", ""),
        ("[[accepted]]\n", "[[accepted]]\nfiles = 1\n"),
    ],
)
def test_an_invalid_entry_has_no_effect_and_is_reported(
    rules: Callable[[str], own_rules.OwnRules], old: str, new: str
) -> None:
    assert old in ENTRY
    found, count = rules(ENTRY.replace(old, new)).sorted_out([URL], TODAY)
    assert ([finding.id for finding in found], count) == (["acceptance-invalid", "open-function-url"], 0)
    assert found[0].line == 2


def test_a_file_that_is_not_toml_is_reported(rules: Callable[[str], own_rules.OwnRules]) -> None:
    [problem], _ = rules("[[accepted]").sorted_out([], TODAY)
    assert (problem.id, problem.file) == ("acceptance-invalid", "pre-deploy.toml")


OWN_CHECK = """
from deploy_checks.finding import Finding

def queues_have_a_team(rehearsed):
    yield Finding("queue-without-team", "medium", "infra/jobs.ts", 1, "No team owns Jobs", "Add the tag team.")

CHECKS = (queues_have_a_team,)
"""


def test_checks_of_the_team_run_with_the_others(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deploy = Deploy(tmp_path)
    deploy.write()
    (deploy.root / "checks.py").write_text(OWN_CHECK, encoding="utf-8")
    (deploy.root / own_rules.FILE).write_text('checks = ["checks.py"]\n', encoding="utf-8")
    command.main(["--stage", "dev", "--root", str(deploy.root), "--rehearsal", str(deploy.out)])
    assert "infra/jobs.ts:1  queue-without-team" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["CHECKS = (", "raise OSError", "nothing = 1", None])
def test_checks_that_cannot_be_imported_raise_when_they_run(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "checks.py").write_text(text, encoding="utf-8")
    (tmp_path / own_rules.FILE).write_text('checks = ["checks.py"]\n', encoding="utf-8")
    [check] = own_rules.read(tmp_path).checks
    with pytest.raises((OSError, SyntaxError, AttributeError)):
        check(Rehearsed(tmp_path, "dev", Graph({"resources": []}), ()))
