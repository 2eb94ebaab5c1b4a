"""The SQL of the functions' code: the texts that it passes to calls, as literals or by name."""

import ast
import importlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SQL_WORD = re.compile(r"\b(SELECT|FROM|WHERE|INSERT|INTO|UPDATE|DELETE|SET|VALUES|RETURNING|LIMIT)\b")


@dataclass(frozen=True)
class Statement:
    """One text that is sent to the database."""

    text: str
    module: str
    """The file that contains it."""
    line: int
    """The line that passes it on."""


def statements(functions: Path, package: str) -> list[Statement]:
    """Every statement, once."""
    found: dict[str, Statement] = {}
    for file in sorted((functions / package).rglob("*.py")):
        module = importlib.import_module(".".join(file.relative_to(functions).with_suffix("").parts))
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for argument in call.args if isinstance(call, ast.Call) else ():
                value, source = _value(argument, module)
                if isinstance(value, str) and len(SQL_WORD.findall(value)) > 1:
                    found.setdefault(value, Statement(value, str(source.__file__), argument.lineno))
    return list(found.values())


def _value(argument: ast.expr, module: Any) -> tuple[object, Any]:
    match argument:
        case ast.Constant(value=value):
            return value, module
        case ast.Name(id=name):
            return getattr(module, name, None), module
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            source = getattr(module, owner, None)
            return getattr(source, name, None), source
    return None, module
