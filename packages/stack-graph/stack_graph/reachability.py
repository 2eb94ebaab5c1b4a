"""The code that can run when a handler does, found by following names: nothing is imported and nothing runs.

A method counts once its class is reached and its name is used: a sweeper that builds a queue and never reads its
attributes needs no permission to read them.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

type Definition = tuple["Module", ast.AST]


@dataclass(eq=False)
class Module:
    """A first-party module: its top-level definitions, and the full names of its imports."""

    name: str
    file: Path
    definitions: dict[str, list[ast.AST]] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    run: list[ast.AST] = field(default_factory=list)
    """Statements that run on import, and functions that they store in a registry."""

    def __post_init__(self) -> None:
        tree = ast.parse(self.file.read_text(encoding="utf-8"))
        for statement in tree.body:
            match statement:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    self.definitions.setdefault(name, []).append(statement)
                    if any(_registers(decorator) for decorator in statement.decorator_list):
                        self.run.append(statement)
                case ast.Assign() | ast.AnnAssign():
                    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                    for name_node in (node for target in targets for node in ast.walk(target)):
                        if isinstance(name_node, ast.Name):
                            self.definitions.setdefault(name_node.id, []).append(statement)
                case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Import() | ast.ImportFrom():
                    pass
                case _:
                    self.run.append(statement)
        self.run += [node for node in tree.body if isinstance(node, ast.FunctionDef) and self._registers(node)]
        for node in ast.walk(tree):
            match node:
                case ast.Import(names=names):
                    self.imports.update({alias.asname: alias.name for alias in names if alias.asname})
                    self.imports.update({alias.name.split(".")[0]: alias.name.split(".")[0] for alias in names})
                case ast.ImportFrom(module=source, names=names, level=0):
                    self.imports.update({alias.asname or alias.name: f"{source}.{alias.name}" for alias in names})

    def _registers(self, function: ast.FunctionDef) -> bool:
        """Whether a decorator such as ``@ROUTES.route("GET /jobs")`` stores the function in an object of the module."""
        return any(
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and isinstance(decorator.func.value, ast.Name)
            and decorator.func.value.id in self.definitions
            for decorator in function.decorator_list
        )


def _registers(decorator: ast.expr) -> bool:
    """Whether a decorator such as ``@ROUTES.route("GET /jobs")`` stores the function in a registry."""
    return isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute)


class Reached:
    """All code that can run when a handler does."""

    def __init__(self, base: Path, handler: str) -> None:
        self._base = base
        self._modules: dict[str, Module | None] = {}
        self._todo: list[Definition] = []
        self._seen: set[int] = set()
        self._classes: list[tuple[Module, ast.ClassDef]] = []
        self._attributes: set[str] = set()
        self.services: set[str] = set()
        self.called: set[tuple[Module, str, str | None, int]] = set()
        """Module, method, first argument if it is a string, line."""
        path, _, function = handler.rpartition(".")
        self._reach(f"{path.replace('/', '.')}.{function}")
        self._follow()

    @property
    def modules(self) -> list[Module]:
        return [module for module in self._modules.values() if module]

    def _module(self, name: str) -> Module | None:
        if name not in self._modules:
            file = self._base.joinpath(*name.split("."))
            found = next((f for f in (file.with_suffix(".py"), file / "__init__.py") if f.is_file()), None)
            module = self._modules[name] = Module(name, found) if found else None
            if module:
                self._todo += [(module, statement) for statement in module.run]
        return self._modules[name]

    def _reach(self, dotted: str) -> None:
        """Follow a dotted name, if it is first-party."""
        parts = dotted.split(".")
        for length in range(len(parts), 0, -1):
            module = self._module(".".join(parts[:length]))
            if module is None:
                continue
            if length < len(parts):
                self._name(module, parts[length])
            return

    def _name(self, module: Module, name: str, rest: tuple[str, ...] = ()) -> None:
        if name in module.definitions:
            self._todo += [(module, definition) for definition in module.definitions[name]]
        elif name in module.imports and module.imports[name] != f"{module.name}.{name}":
            self._reach(".".join((module.imports[name], *rest)))

    def _follow(self) -> None:
        while self._todo:
            while self._todo:
                module, node = self._todo.pop()
                if id(node) not in self._seen:
                    self._seen.add(id(node))
                    self._look_at(module, node)
            for module, reached in list(self._classes):
                for method in reached.body:
                    if isinstance(method, ast.FunctionDef) and id(method) not in self._seen:
                        special = method.name.startswith("__")
                        self._todo += [(module, method)] if special or method.name in self._attributes else []

    def _look_at(self, module: Module, definition: ast.AST) -> None:
        if isinstance(definition, ast.ClassDef):
            self._classes.append((module, definition))
        for node in _running(definition):
            match node:
                case ast.Name(id="import_module") if module.file.name == "__init__.py":
                    for file in module.file.parent.glob(
                        "*.py"
                    ):  # a registry of modules: all files beside it are loaded
                        beside = self._module(f"{module.name}.{file.stem}")
                        self._todo += (
                            [(beside, d) for found in beside.definitions.values() for d in found] if beside else []
                        )
                case ast.Name(id=name):
                    self._name(module, name)
                case ast.Attribute(attr=attribute):
                    self._attributes.add(attribute)
                    chain = ast.unparse(node).split(".")
                    if all(part.isidentifier() for part in chain):
                        self._name(module, chain[0], tuple(chain[1:]))
                case ast.Call(func=ast.Attribute(attr=method), args=args):
                    first = args[0].value if args and isinstance(args[0], ast.Constant) else None
                    text = first if isinstance(first, str) else None
                    if method in {"client", "resource"} and text:
                        self.services.add(text)
                    self.called.add((module, method, text, node.lineno))


def _running(definition: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run with a definition: without annotations, and without the methods of a class."""
    stack = [definition]
    while stack:
        node = stack.pop()
        yield node
        for name, value in ast.iter_fields(node):
            if name not in {"annotation", "returns"}:
                stack += [child for child in (value if isinstance(value, list) else [value]) if _runs(node, child)]


def _runs(parent: ast.AST, child: object) -> bool:
    method = isinstance(parent, ast.ClassDef) and isinstance(child, ast.FunctionDef)
    return isinstance(child, ast.AST) and not method
