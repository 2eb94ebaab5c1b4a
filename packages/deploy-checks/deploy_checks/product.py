"""The manifest of the checked tree, for the stage that is rehearsed."""

from stack_graph import manifest
from stack_graph.graph import Rehearsed
from stack_graph.manifest import Manifest
from stack_graph.parameters import BUSINESS_RULES, CONFIG, known_value


def manifest_of(rehearsed: Rehearsed) -> Manifest:
    """The facts about the tree's code, computed with the stage's Parameter Store values."""
    graph = rehearsed.graph
    return manifest.read(rehearsed.root, known_value(graph, CONFIG), known_value(graph, BUSINESS_RULES))
