"""The mutants of a module: its source, changed in one place."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mutation_score.operators import changes_of

type Positioned = ast.expr | ast.stmt | ast.pattern

PROSE = re.compile(r"\s")
"""A text with a blank is prose, and changed only as a message of the log: a test that repeats a sentence repeats the
code."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change. ``before`` and ``after`` are the source of the changed node."""

    line: int
    last_line: int
    kind: str
    before: str
    after: str
    source: str
    """The source of the whole module."""
    scope: range
    """The lines of the outermost enclosing function, decorators included; none: the change takes effect on import."""

    @property
    def change(self) -> str:
        """The change on one line."""
        return re.sub(r"\s+", " ", f"{self.before} -> {self.after}")


def mutants_of(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of the lines. Annotations, docstrings and decorators are not changed."""
    walker = _Walker(source)
    found = list(walker.walk(ast.parse(source), range(0)))
    return iter(sorted(found, key=lambda mutant: mutant.line))


class _Walker:
    def __init__(self, source: str) -> None:
        self._source = source.encode()
        self._starts = [0]
        for line in self._source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def walk(self, node: ast.AST, scope: range) -> Iterator[Mutant]:
        """The mutants of a node and of the nodes below it."""
        for first, last, kind, text in _changes(node):
            yield self._mutant(first, last, kind, text, scope)
        if isinstance(node, ast.FunctionDef):
            for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
                yield from self.walk(default, scope)
            begin = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            scope = scope or range(begin, (node.end_lineno or node.lineno) + 1)
        for child in _children(node):
            yield from self.walk(child, scope)

    def _mutant(self, first: Positioned, last: Positioned, kind: str, text: str, scope: range) -> Mutant:
        last_line = last.end_lineno or last.lineno
        start = self._starts[first.lineno - 1] + first.col_offset
        end = self._starts[last_line - 1] + (last.end_col_offset or 0)
        before = self._source[start:end].decode()
        changed = self._source[:start] + text.encode() + self._source[end:]
        return Mutant(first.lineno, last_line, kind, before, text, changed.decode(), scope)


def _changes(node: ast.AST) -> Iterator[tuple[Positioned, Positioned, str, str]]:
    """The changes of a node: the first and the last node that are replaced, the kind, and the new text."""
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return
        case ast.If(test=test):
            yield from ((test, test, "condition", text) for text in ("True", "False"))
        case ast.While(test=test) if not isinstance(test, ast.Constant):
            yield test, test, "condition", "False"
        case ast.comprehension():
            yield from ((test, test, "condition", "True") for test in node.ifs)
        case ast.ExceptHandler(body=[*body]) if not isinstance(body[0], ast.Raise) or len(body) > 1:
            yield body[0], body[-1], "error", "raise"
        case ast.match_case(pattern=pattern, guard=None):
            yield pattern, pattern, "case", f"{ast.unparse(pattern)} if False"
        case ast.match_case(guard=ast.expr() as guard):
            yield from ((guard, guard, "case", text) for text in ("True", "False"))
        case ast.expr() | ast.stmt():
            yield from ((node, node, kind, text) for kind, text in changes_of(node))


def _children(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Import() | ast.ImportFrom() | ast.TypeAlias():
            return
        case ast.Expr(value=ast.Constant()):
            return  # a docstring
        case ast.While(test=ast.Constant()):
            yield from node.body
        case ast.FunctionDef() | ast.ClassDef():
            yield from node.body
        case ast.AnnAssign():
            yield from (part for part in ast.walk(node.annotation) if isinstance(part, ast.Call))
            yield from filter(None, [node.value])
        case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
            yield from (*node.args, *(keyword.value for keyword in node.keywords))
        case ast.Subscript(slice=ast.Tuple()) | ast.Subscript(value=ast.Name(id="Literal")):
            yield node.value  # the rest are types
        case ast.JoinedStr():
            yield from (part.value for part in node.values if isinstance(part, ast.FormattedValue))
        case _:
            yield from (child for child in ast.iter_child_nodes(node) if not _is_prose(child))


def _is_prose(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(PROSE.search(node.value))
