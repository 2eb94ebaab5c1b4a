"""The graph's queues: the function that reads each queue, and the target of its failed messages."""

from collections.abc import Iterator

from stack_graph.graph import Graph, Resource, Values
from stack_graph.lambdas import EVENT_SOURCE, QUEUE, function_of


def sources(graph: Graph) -> Iterator[tuple[Resource, Resource, Resource]]:
    """Each event source with its queue and its function."""
    for source in graph.of_type(EVENT_SOURCE):
        queue = graph.with_output("arn", source.value("eventSourceArn"), QUEUE)
        function = function_of(graph, source.value("functionName"))
        if queue and function:
            yield source, queue, function


def redrive(queue: Resource) -> Values:
    """The queue's redrive policy; empty for a queue without one."""
    return queue.part("redrivePolicy")
