"""The changes of one node of a syntax tree: each returns the new source of the node, with the kind of the change."""

import ast
from collections.abc import Callable, Iterator

COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
}
ARITHMETIC: dict[type[ast.operator], ast.operator] = {
    ast.Add: ast.Sub(),
    ast.Sub: ast.Add(),
    ast.Mult: ast.Div(),
    ast.Div: ast.Mult(),
    ast.FloorDiv: ast.Mult(),
    ast.Mod: ast.Mult(),
    ast.Pow: ast.Mult(),
    ast.BitAnd: ast.BitOr(),
}
OPPOSITES = (
    ("partition", "rpartition"),
    ("min", "max"),
    ("any", "all"),
    ("startswith", "endswith"),
    ("lower", "upper"),
    ("removeprefix", "removesuffix"),
    ("ceil", "floor"),
    ("lstrip", "rstrip"),
)
OPPOSITE = dict(OPPOSITES) | {second: first for first, second in OPPOSITES}

type Made = tuple[str, str]
"""The kind of a change, and the node's new source."""


def changes_of(node: ast.AST) -> Iterator[Made]:
    """Every change of the node itself, without those of its children."""
    for kind, change in OPERATORS.get(type(node), ()):
        for text in change(node):
            yield kind, text


def _comparison(node: ast.Compare) -> Iterator[str]:
    for at, operator in enumerate(node.ops):
        changed = [*node.ops[:at], COMPARISONS[type(operator)], *node.ops[at + 1 :]]
        yield _source(ast.Compare(node.left, changed, node.comparators))


def _boolean(node: ast.BoolOp) -> Iterator[str]:
    yield _source(ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values))
    for at in range(len(node.values)):
        rest = [*node.values[:at], *node.values[at + 1 :]]
        yield _source(rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))


def _negation(node: ast.UnaryOp) -> Iterator[str]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield _source(node.operand)


def _arithmetic(node: ast.BinOp) -> Iterator[str]:
    operator = ARITHMETIC.get(type(node.op))
    if operator:
        yield _source(ast.BinOp(node.left, operator, node.right))


def _constant(node: ast.Constant) -> Iterator[str]:
    match node.value:
        case bool():
            yield str(not node.value)
        case int() | float():
            yield repr(node.value + 1)
        case str():
            yield repr(f"{node.value}XX")


def _choice(node: ast.IfExp) -> Iterator[str]:
    yield _source(node.body)
    yield _source(node.orelse)


def _name(node: ast.Name) -> Iterator[str]:
    if node.id in OPPOSITE:
        yield OPPOSITE[node.id]


def _attribute(node: ast.Attribute) -> Iterator[str]:
    if node.attr in OPPOSITE:
        yield _source(ast.Attribute(node.value, OPPOSITE[node.attr]))


def _call(node: ast.Call) -> Iterator[str]:
    for at, keyword in enumerate(node.keywords):
        if keyword.arg:
            yield _source(ast.Call(node.func, node.args, [*node.keywords[:at], *node.keywords[at + 1 :]]))


def _mapping(node: ast.Dict) -> Iterator[str]:
    for at in range(len(node.keys)):
        yield _source(ast.Dict([*node.keys[:at], *node.keys[at + 1 :]], [*node.values[:at], *node.values[at + 1 :]]))


def _elements(node: ast.List | ast.Set | ast.Tuple) -> Iterator[str]:
    if not isinstance(node, ast.Set) and not isinstance(node.ctx, ast.Load):
        return
    for at in range(len(node.elts)):
        rest = [*node.elts[:at], *node.elts[at + 1 :]]
        made = {ast.List: ast.List(rest), ast.Tuple: ast.Tuple(rest), ast.Set: ast.Set(rest)}[type(node)]
        yield _source(made) if rest or not isinstance(node, ast.Set) else "set()"


def _nothing(_node: ast.stmt) -> Iterator[str]:
    yield "pass"


def _expression(node: ast.Expr) -> Iterator[str]:
    if isinstance(node.value, ast.Call):
        yield "pass"


def _assignment(node: ast.Assign) -> Iterator[str]:
    if any(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
        yield "pass"


def _return(node: ast.Return) -> Iterator[str]:
    if node.value and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield "return None"


def _source(node: ast.expr) -> str:
    return f"({ast.unparse(ast.fix_missing_locations(node))})"


OPERATORS: dict[type[ast.AST], tuple[tuple[str, Callable[..., Iterator[str]]], ...]] = {
    ast.Compare: (("comparison", _comparison),),
    ast.BoolOp: (("condition", _boolean),),
    ast.UnaryOp: (("condition", _negation),),
    ast.IfExp: (("condition", _choice),),
    ast.BinOp: (("arithmetic", _arithmetic),),
    ast.Constant: (("constant", _constant),),
    ast.Name: (("function", _name),),
    ast.Attribute: (("function", _attribute),),
    ast.Call: (("argument", _call),),
    ast.Dict: (("row", _mapping),),
    ast.List: (("row", _elements),),
    ast.Set: (("row", _elements),),
    ast.Tuple: (("row", _elements),),
    ast.Expr: (("statement", _expression),),
    ast.Assign: (("statement", _assignment),),
    ast.AugAssign: (("statement", _nothing),),
    ast.Raise: (("statement", _nothing),),
    ast.Return: (("statement", _return),),
}
