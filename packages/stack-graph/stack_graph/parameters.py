"""The graph's Parameter Store values, found by the environment variable that hands them to a function."""

from stack_graph.graph import Graph, Resource
from stack_graph.lambdas import FUNCTION, PARAMETER, variables

CONFIG = "CONFIG_PARAMETER_NAME"
BUSINESS_RULES = "BUSINESS_RULES_PARAMETER_NAME"


def parameter(graph: Graph, variable: str) -> Resource | None:
    """The parameter that a function's environment names; ``None`` where no function is given one of the graph's."""
    for function in graph.of_type(FUNCTION):
        found = graph.with_output("name", variables(function).get(variable, ""), PARAMETER)
        if found:
            return found
    return None


def known_value(graph: Graph, variable: str) -> str:
    """What functions read there; an empty object where the graph has no such parameter, or keeps its value secret."""
    found = parameter(graph, variable)
    return "{}" if found is None or value_of(found) == "[secret]" else value_of(found)


def value_of(found: Resource) -> str:
    """What stands in it."""
    return str(found.value("insecureValue") or found.value("value") or "")
