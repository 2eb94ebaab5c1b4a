"""Reads the error output of other programs."""

import re

NETWORK = re.compile(
    r"network (?:was disabled|request|connectivity)|ENOTFOUND|EAI_AGAIN|ECONN(?:REFUSED|RESET)|ETIMEDOUT"
    r"|error sending request|Could not resolve host|Failed to fetch|dns error|dial tcp|timed out",
    re.IGNORECASE,
)


def mentions_network(text: str) -> bool:
    """Whether a program could not reach a server: then the tree is not the cause."""
    return NETWORK.search(text) is not None
