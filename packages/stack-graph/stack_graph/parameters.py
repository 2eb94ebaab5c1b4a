"""Parameter Store values in the graph, by the environment variable that has the parameter's name."""

from stack_graph.graph import HIDDEN, Graph, Resource
from stack_graph.lambdas import FUNCTION, PARAMETER, variables

CONFIG = "CONFIG_PARAMETER_NAME"
BUSINESS_RULES = "BUSINESS_RULES_PARAMETER_NAME"


def parameter(graph: Graph, variable: str) -> Resource | None:
    """The parameter that a function's environment names; ``None`` if no variable names one of the graph."""
    for function in graph.of_type(FUNCTION):
        found = graph.with_output("name", variables(function).get(variable, ""), PARAMETER)
        if found:
            return found
    return None


def known_value(graph: Graph, variable: str) -> str:
    """The value that functions read; an empty object if the graph lacks the parameter or its value is secret."""
    found = parameter(graph, variable)
    return "{}" if found is None or value_of(found) == HIDDEN else value_of(found)


def value_of(found: Resource) -> str:
    """The value of a parameter."""
    return str(found.value("insecureValue") or found.value("value") or "")
