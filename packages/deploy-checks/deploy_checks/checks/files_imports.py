"""The functions' imports: what Lambda will find in the archive, and what it will not."""

import ast
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from stack_graph.graph import Rehearsed

from deploy_checks.checks.files_text import toml_of
from deploy_checks.finding import Finding

FUNCTIONS = "functions"
PACKAGE = "pipeline"
"""The first folder of every handler, and the only one that SST copies."""

IN_LAMBDA = {"boto3", "botocore", "awslambdaric"}
"""Lambda's Python runtime has these."""

DROPPED = {"test", "tests", "env", "tmp", "temp"}
"""SST leaves folders of these names out of the archive (4.17.1)."""

SKIPPED = {"__pycache__", ".venv", "node_modules"}


def sources(root: Path) -> Iterator[tuple[str, Path]]:
    """The functions' Python files, by their names relative to the repository."""
    for path in sorted((root / FUNCTIONS).rglob("*.py")):
        if not SKIPPED & set(path.parts):
            yield str(path.relative_to(root)), path


def tree_of(path: Path) -> ast.Module:
    """The parsed file; nothing of one that does not parse, which ``code-does-not-parse`` tells."""
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:
        return ast.Module([], [])


def dropped_folders(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Code in a folder that SST leaves out."""
    for folder in sorted((rehearsed.root / FUNCTIONS / PACKAGE).rglob("*/")):
        if folder.name in DROPPED and any(folder.rglob("*.*")):
            first = str(sorted(folder.rglob("*.*"))[0].relative_to(rehearsed.root))
            name = folder.relative_to(rehearsed.root)
            message = (
                f"SST drops folders called {folder.name}: nothing of {name} is in the archive, an import of it fails"
            )
            yield Finding("folder-dropped", "critical", first, 1, message, "Give the folder another name")


def unparsable(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Code that is no Python."""
    for file, path in sources(rehearsed.root):
        try:
            ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as fault:
            message = f"Python cannot parse {file} ({fault.msg}): the function fails at its first import"
            yield Finding("code-does-not-parse", "critical", file, fault.lineno or 1, message, "Mend the syntax")


def imports(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Each import is absolute, and of something that is in the archive."""
    root = rehearsed.root
    shipped = _shipped(root)
    told: set[tuple[str, tuple[str, str, str]]] = set()
    for file, path in sources(root):
        tree = tree_of(path)
        exempt = _exempt(tree)
        for node in ast.walk(tree):
            if node in exempt or not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            if isinstance(node, ast.ImportFrom) and node.level:
                message = (
                    "A relative import: SST's documentation advises against it, and it breaks when a handler moves"
                )
                yield Finding("import-relative", "medium", file, node.lineno, message, "Import from analysis...")
                continue
            for name in _modules(node):
                fault = _fault(root, name, shipped, isinstance(node, ast.ImportFrom))
                if fault and (file, fault) not in told:
                    told.add((file, fault))
                    yield Finding(fault[0], "critical", file, node.lineno, *fault[1:])


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names]


def _fault(root: Path, module: str, shipped: set[str], of_names: bool) -> tuple[str, str, str] | None:
    top = module.split(".")[0]
    if (root / FUNCTIONS / top).is_dir() or (root / FUNCTIONS / f"{top}.py").is_file():
        if top != PACKAGE and (root / FUNCTIONS / top).is_dir():
            message = (
                f"SST copies only functions/{PACKAGE}, the folder of the handlers: `No module named '{top}'` on AWS"
            )
            return "import-not-copied", message, f"Move functions/{top} into functions/{PACKAGE}"
        if _exists(root, module) or (of_names and _names(root, module)):
            return None
        message = (
            f"There is no {module} below functions/: on AWS the function fails with `No module named` or ImportError"
        )
        return "import-unresolved", message, "Mend the import, or commit the missing module"
    if top in sys.stdlib_module_names or top in IN_LAMBDA or top in shipped or f"dist:{_normal(top)}" in shipped:
        return None
    if not (toml_of(root, f"{FUNCTIONS}/pyproject.toml") and toml_of(root, "uv.lock")):
        return None  # other rules tell that there is none, or that it is broken
    if (root / top).is_dir() or (root / "scripts" / top).is_dir() or (root / f"{top}.py").is_file():
        message = f"{top} is in the repository but not below functions/: only functions/pipeline is in the archive"
        return "import-unresolved", message, "Move what is needed below functions/pipeline"
    message = (
        f"{top} is no dependency in functions/pyproject.toml: on AWS the function fails with `No module named '{top}'`"
    )
    return "import-undeclared", message, "Add it to dependencies in functions/pyproject.toml and run uv lock"


def _exists(root: Path, module: str) -> bool:
    path = root / FUNCTIONS / module.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def _names(root: Path, module: str) -> bool:
    """Whether the last part is a name that its module defines, rather than a module."""
    parent, _, name = module.rpartition(".")
    path = root / FUNCTIONS / parent.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not source.is_file():
        return False
    return name == "*" or bool(re.search(rf"\b{re.escape(name)}\b", source.read_text(encoding="utf-8")))


def _exempt(tree: ast.Module) -> set[ast.AST]:
    """Imports that Lambda never runs, or whose failure the code expects."""
    exempt: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            exempt |= {inner for statement in node.body for inner in ast.walk(statement)}
        if isinstance(node, ast.Try) and any("Import" in ast.unparse(h.type) for h in node.handlers if h.type):
            exempt |= {inner for statement in node.body for inner in ast.walk(statement)}
    return exempt


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _shipped(root: Path) -> set[str]:
    """What the archive will hold: the declared packages and what uv.lock says that they need."""
    declared = toml_of(root, f"{FUNCTIONS}/pyproject.toml").get("project", {}).get("dependencies", [])
    waiting = [_normal(re.split(r"[^\w.-]", dependency)[0]) for dependency in declared]
    needs = {
        package["name"]: [needed["name"] for needed in package.get("dependencies", [])]
        for package in toml_of(root, "uv.lock").get("package", [])
    }
    closure: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in closure:
            closure.add(name)
            waiting += needs.get(name, [])
    names = {top for top, distributions in _installed().items() if {_normal(name) for name in distributions} & closure}
    return names | {f"dist:{name}" for name in closure}


@cache
def _installed() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())


CHECKS = (dropped_folders, unparsable, imports)
