"""Every rule has a quick test in this folder, or a source mutation in ``tests/mutations``."""

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from deploy_checks.rules import Rule

from tests.support.graphs import ROOT

PACKAGE = ROOT / "packages/deploy-checks/deploy_checks"
RULES = set(get_args(Rule.__value__))


def constants(files: Iterable[Path]) -> set[str]:
    """Every string constant in these modules."""
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_bytes())))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_rule_is_tested() -> None:
    tests = [*Path(__file__).parent.glob("test_*.py"), *(ROOT / "tests/mutations").glob("*.py")]
    assert RULES - constants(tests) == set()


def test_every_rule_is_used() -> None:
    assert RULES - constants(file for file in PACKAGE.rglob("*.py") if file.name != "rules.py") == set()
