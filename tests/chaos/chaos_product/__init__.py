"""This product as the chaos harness sees it: its names and queries, its pace, and the mutants that a run must find.

The harness imports this package in its own process and in the functions' processes: see ``chaos_harness.product``.
"""

from chaos_product.facts import FUNCTIONS, LOG_MESSAGES, QUERIES, as_tenant, request_body, set_limits, text_of
from chaos_product.mutants import MUTANTS
from chaos_product.pace import CIRCUIT_PAUSE_S, LEASE_S, set_pace

__all__ = [
    "CIRCUIT_PAUSE_S",
    "FUNCTIONS",
    "LEASE_S",
    "LOG_MESSAGES",
    "MUTANTS",
    "QUERIES",
    "as_tenant",
    "request_body",
    "set_limits",
    "set_pace",
    "text_of",
]
