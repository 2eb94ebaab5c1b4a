"""The layers: who may import whom, who reads the environment, and what happens at import."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "functions" / "analysis"
MODULES = sorted(PACKAGE.rglob("*.py"))

ALLOWED = {
    "domain": {"domain"},
    "analyses": {"analyses", "domain"},
    "services": {"services", "domain", "errors", "observability"},
    "adapters": {"adapters", "domain", "errors", "observability", "config"},
    "handlers": {"handlers", "services", "domain", "errors", "observability", "bootstrap"},
    "errors": {"domain"},
    "config": {"domain", "errors"},
    "observability": set(),
}
"""What the modules of a layer import of this package. ``bootstrap`` alone may import everything."""


def layer_of(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(module: Path) -> set[str]:
    """Layers of this package, and outside packages, that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names if node.module == "analysis" else {str(node.module)}
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_imports_go_one_way(module: Path) -> None:
    layer = layer_of(module)
    if layer in ("bootstrap", "__init__"):
        return
    own = {name.split(".")[1] for name in imported(module) if name.startswith("analysis.")}
    assert own - {"__version__"} <= ALLOWED[layer] | {layer}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_only_adapters_know_aws_and_only_config_the_environment(module: Path) -> None:
    outside = {name.split(".")[0] for name in imported(module)}
    if layer_of(module) not in ("adapters", "bootstrap"):
        assert not outside & {"boto3", "botocore", "pg8000"}
    if layer_of(module) != "config":
        assert "os" not in outside


def test_handlers_are_thin() -> None:
    for module in (PACKAGE / "handlers").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name == "handler":
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno < 40, module
