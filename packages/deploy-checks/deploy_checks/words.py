"""What other programs' error messages tell."""

import re

NETWORK = re.compile(
    r"network (?:was disabled|request|connectivity)|ENOTFOUND|EAI_AGAIN|ECONN(?:REFUSED|RESET)|ETIMEDOUT"
    r"|error sending request|Failed to fetch|dns error|dial tcp|timed out",
    re.IGNORECASE,
)


def speaks_of_network(text: str) -> bool:
    """Whether a program could not reach what it needs: no fault of the tree."""
    return NETWORK.search(text) is not None
