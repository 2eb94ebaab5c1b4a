"""The functions' imports: each is of a module that will be in the archive, or that Lambda's runtime has."""

import ast
import json
import re
import tempfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from stack_graph.graph import Rehearsed
from stack_graph.manifest import FOLDER, MODULE

from deploy_checks.checks.files_text import line_of, text_of, toml_of
from deploy_checks.finding import Finding
from deploy_checks.linters import run_linter
from deploy_checks.rules import Rule
from deploy_checks.subjects import product

PACKAGE = MODULE.partition(".")[0]
"""The first folder of every handler's path, and the only one that SST copies."""

PROJECT = f"{FOLDER}/pyproject.toml"

DROPPED = {"test", "tests", "env", "tmp", "temp"}
"""Names of folders that SST leaves out of the archive (4.17.1)."""

SKIPPED = {"__pycache__", ".venv", "node_modules"}

UNDECLARED = {"DEP001", "DEP003"}
"""deptry's codes for an import of a package that is not a declared dependency; DEP003 if it is installed here."""
UNUSED = "DEP002"


def sources(root: Path) -> Iterator[tuple[str, Path]]:
    """The functions' Python files, with their paths relative to the repository."""
    for path in sorted((root / FOLDER).rglob("*.py")):
        if not SKIPPED & set(path.parts):
            yield str(path.relative_to(root)), path


def tree_of(path: Path) -> ast.Module:
    """The parsed file, which callers share; empty if it does not parse, which ``code-does-not-parse`` reports."""
    return _parsed(path.read_text(encoding="utf-8"))


@lru_cache(maxsize=1024)  # many checks read each file
def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])


def dropped_folders(rehearsed: Rehearsed) -> Iterator[Finding]:
    """No code is in a folder that SST leaves out."""
    for folder in sorted((rehearsed.root / FOLDER / PACKAGE).rglob("*/")):
        if folder.name in DROPPED and any(folder.rglob("*.*")):
            first = str(sorted(folder.rglob("*.*"))[0].relative_to(rehearsed.root))
            name = folder.relative_to(rehearsed.root)
            message = f"SST drops folders named {folder.name}: {name} is not in the archive, and its import fails"
            yield Finding("folder-dropped", "critical", first, 1, message, "Give the folder another name")


def unparsable(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Every file is valid Python."""
    for file, path in sources(rehearsed.root):
        try:
            ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as exc:
            message = f"Python cannot parse {file} ({exc.msg}): the function fails at its first import"
            yield Finding("code-does-not-parse", "critical", file, exc.lineno or 1, message, "Fix the syntax")


def own_imports(rehearsed: Rehearsed) -> Iterator[Finding]:
    """Imports of the functions' code are absolute, and of modules and names that exist in the copied folder."""
    root = rehearsed.root
    found: set[tuple[str, str]] = set()
    for file, path in sources(root):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and node.level:
                message = "A relative import: SST advises against it, and it breaks when a handler moves"
                yield Finding("import-relative", "medium", file, node.lineno, message, f"Import from {PACKAGE}...")
            elif isinstance(node, ast.Import | ast.ImportFrom):
                for name in _modules(node):
                    problem = _problem(root, name, isinstance(node, ast.ImportFrom))
                    if problem and (file, problem[1]) not in found:
                        found.add((file, problem[1]))
                        yield Finding(problem[0], "critical", file, node.lineno, *problem[1:])


def _modules(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module}.{alias.name}" for alias in node.names]


def _problem(root: Path, module: str, of_names: bool) -> tuple[Rule, str, str] | None:
    """Rule, message and fix for an import of the functions' code that will fail on AWS."""
    top = module.partition(".")[0]
    if not ((root / FOLDER / top).is_dir() or (root / FOLDER / f"{top}.py").is_file()):
        return None
    if top != PACKAGE and (root / FOLDER / top).is_dir():
        message = f"SST copies only {FOLDER}/{PACKAGE}, the folder of the handlers: `No module named '{top}'` on AWS"
        return "import-not-copied", message, f"Move {FOLDER}/{top} into {FOLDER}/{PACKAGE}"
    if _exists(root, module) or (of_names and _names(root, module)):
        return None
    message = f"{FOLDER}/ has no {module}: on AWS the function fails with `No module named` or ImportError"
    return "import-unresolved", message, "Correct the import, or commit the missing module"


def _exists(root: Path, module: str) -> bool:
    path = root / FOLDER / module.replace(".", "/")
    return path.is_dir() or path.with_suffix(".py").is_file()


def _names(root: Path, module: str) -> bool:
    """Whether the last part is a name that its module defines, rather than a module."""
    parent, _, name = module.rpartition(".")
    path = root / FOLDER / parent.replace(".", "/")
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not source.is_file():
        return False
    return name == "*" or bool(re.search(rf"\b{re.escape(name)}\b", source.read_text(encoding="utf-8")))


def dependencies(rehearsed: Rehearsed) -> Iterator[Finding]:
    """deptry: every imported package is a declared dependency, and every declared dependency is imported.

    ``[tool.deptry]`` in the project lists what Lambda's runtime provides, and what is needed without an import.
    """
    root = rehearsed.root
    if not (toml_of(root, PROJECT) and toml_of(root, "uv.lock")):
        return  # missing and broken files are reported by files_toolchain
    with tempfile.NamedTemporaryFile(suffix=".json") as output:
        run_linter("deptry", ".", "--no-ansi", "--json-output", output.name, folder=root / FOLDER)
        text = Path(output.name).read_text(encoding="utf-8")
    for issue in json.loads(text or "[]"):
        file, line, module = issue["location"]["file"], issue["location"]["line"] or 1, issue["module"]
        if issue["error"]["code"] in UNDECLARED:
            yield _undeclared(root, f"{FOLDER}/{file}", line, module)
        elif issue["error"]["code"] == UNUSED:
            line = line_of(text_of(root, PROJECT), re.escape(module))
            message = f"{module} is a dependency that no code imports: it is in every archive"
            yield Finding("dependency-unused", "low", PROJECT, line, message, "Remove it, or list it in [tool.deptry]")


def _undeclared(root: Path, file: str, line: int, module: str) -> Finding:
    if (root / module).is_dir() or (root / "scripts" / module).is_dir() or (root / f"{module}.py").is_file():
        message = f"{module} is in the repository but not below {FOLDER}/: only {FOLDER}/{PACKAGE} is in the archive"
        fix = f"Move the code that is needed below {FOLDER}/{PACKAGE}"
        return Finding("import-unresolved", "critical", file, line, message, fix)
    message = f"{module} is not a dependency in {PROJECT}: on AWS the function fails with `No module named '{module}'`"
    fix = f"Add it to dependencies in {PROJECT} and run uv lock"
    return Finding("import-undeclared", "critical", file, line, message, fix)


ABOUT = product
CHECKS = (dropped_folders, unparsable, own_imports, dependencies)
