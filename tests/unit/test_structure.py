"""Rules of the product's structure that import-linter cannot state. Its contracts are in pyproject.toml."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pipeline
import pytest
from pipeline.platform.errors import PipelineError

PACKAGE = Path(pipeline.__file__).parent
HANDLERS = sorted(PACKAGE.glob("*/handlers/*.py"))
MAX_HANDLER_LINES = 40
TREES = ("pipeline.platform.errors", "pipeline.models.errors", "pipeline.jobs.errors")
LINE_OF_TREE = re.compile(r"^(?P<indent>(?:[│ ]   )*)[├└]── (?P<name>\w+)", re.MULTILINE)


def functions_of(module: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.FunctionDef)]


def test_the_search_finds_the_handlers() -> None:
    handlers = {module.stem for module in HANDLERS for function in functions_of(module) if function.name == "handler"}
    assert handlers == {"api", "worker", "sweeper", "dead_letter", "operator", "migrator", "rotator"}


@pytest.mark.parametrize("module", HANDLERS, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_functions_of_handlers_are_short(module: Path) -> None:
    lines = {function.name: (function.end_lineno or 0) - function.lineno + 1 for function in functions_of(module)}
    assert {name: count for name, count in lines.items() if count > MAX_HANDLER_LINES} == {}


def drawn_in(docstring: str) -> dict[str, str]:
    """The parent of each class in a docstring's tree."""
    root = re.search(r"^(\w+)\n[├└]──", docstring, re.MULTILINE)
    assert root is not None
    parents, path = {}, [root[1]]
    for line in LINE_OF_TREE.finditer(docstring):
        depth = len(line["indent"]) // 4 + 1
        parents[line["name"]] = path[depth - 1]
        path[depth:] = [line["name"]]
    return parents


def subclasses_of(error: type[PipelineError]) -> set[type[PipelineError]]:
    direct = set(error.__subclasses__())
    return direct.union(*(subclasses_of(each) for each in direct))


def test_the_trees_of_errors_show_every_error_below_its_parent() -> None:
    for module in pkgutil.walk_packages(pipeline.__path__, "pipeline."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    drawn: dict[str, str] = {}
    for name in TREES:
        drawn |= drawn_in(importlib.import_module(name).__doc__ or "")
    roots = {"ModelError": "PipelineError"}  # the root of the tree in models.errors
    ours = [error for error in subclasses_of(PipelineError) if error.__module__.startswith("pipeline.")]
    assert drawn | roots == {error.__name__: error.__bases__[0].__name__ for error in ours}
