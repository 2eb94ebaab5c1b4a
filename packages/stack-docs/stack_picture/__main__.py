"""The picture of a rehearsed stack: ``python -m stack_picture REHEARSAL > infra/stack.svg``."""

import subprocess
import sys
from pathlib import Path

from stack_graph.graph import Graph

from stack_picture.drawing import dot

RENDER = Path(__file__).with_name("render.mjs")


def svg(graph: Graph) -> str:
    """The picture, drawn by Node: run after ``npm ci``."""
    node = Path(sys.prefix) / "bin" / "node"
    done = subprocess.run([node, RENDER], input=dot(graph), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise OSError(f"the picture could not be drawn:\n{done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    sys.stdout.write(svg(Graph.read(Path(sys.argv[1]) / "graph.json")))
