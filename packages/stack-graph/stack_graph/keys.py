"""The keys of KMS in a graph."""

from stack_graph.graph import Graph, Resource

KEY = "aws:kms/key:Key"


def key_of(graph: Graph, named: object) -> Resource | None:
    """The key of the stack with this id or ARN, or the name or ARN of an alias."""
    if named is None:
        return None
    for alias in graph.of_type("aws:kms/alias:Alias"):
        if named in (alias.value("name"), alias.value("arn")):
            named = alias.value("targetKeyId")
    return next((key for key in graph.of_type(KEY) if named in (key.id, key.value("arn"), key.value("keyId"))), None)
