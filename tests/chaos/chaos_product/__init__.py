"""This product as the chaos harness sees it: its pace, its lease, and the mutants that a run must find.

The harness imports this package in its own process and in the functions' processes: see ``chaos_harness.product``.
"""

from chaos_product.mutants import MUTANTS
from chaos_product.pace import LEASE_S, set_pace

__all__ = ["LEASE_S", "MUTANTS", "set_pace"]
