"""Subjects of the modules of checks: a module with ``ABOUT = python`` or ``ABOUT = product`` runs where there is one.

A module without ``ABOUT`` is about every SST app on AWS.
"""

from pathlib import Path

from stack_graph.graph import Rehearsed, is_python
from stack_graph.manifest import FOLDER

PACKAGE = "pipeline"


def python(rehearsed: Rehearsed) -> bool:
    """Python functions, or projects of uv from which SST would build them."""
    root = rehearsed.root
    return (
        any(is_python(function) for function, _ in rehearsed.functions())
        or (root / "uv.lock").is_file()
        or any(root.glob("pyproject.toml"))
        or any(root.glob("*/pyproject.toml"))
    )


def product(rehearsed: Rehearsed) -> bool:
    """This product's code, whose manifest the checks read."""
    return is_product(rehearsed.root)


def is_product(root: Path) -> bool:
    """Whether the folder has this product's code."""
    return (root / FOLDER / PACKAGE).is_dir()
