"""The product's policy at another pace. All durations are divided by one factor, except those named below."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from pipeline.platform import policy
from pipeline.platform.policy import Policy

LEASE_S = Policy().lease.lease_s
CIRCUIT_PAUSE_S = Policy().circuit.shortest_pause_s

DATABASE_FACTOR = 2.5
"""Divisor of the database's timeouts at any pace: a server on a core with all other processes needs 1.4 s."""

NOT_DIVIDED = ("result_url_s",)
"""The lifetime of a link: clients of the harness follow it in real time."""


def set_pace(factor: float) -> None:
    """Replace the product's policy by one at that pace. To be called before any other code of the product."""
    paced = divided(Policy(), factor)
    production = Policy().database
    paced = replace(paced, database=divided(production, DATABASE_FACTOR))
    policy.adjust(lambda _: paced)


def divided(part: Any, factor: float) -> Any:
    """A part of the policy with its durations divided. Integers stay integers of at least 1."""
    changes: dict[str, Any] = {}
    for field in fields(part):
        value = getattr(part, field.name)
        if is_dataclass(value):
            changes[field.name] = divided(value, factor)
        elif field.name.endswith("_s") and field.name not in NOT_DIVIDED:
            changes[field.name] = _divided(value, factor)
    return replace(part, **changes)


def _divided(value: Any, factor: float) -> Any:
    if isinstance(value, tuple):
        return tuple(each / factor for each in value)
    return max(1, round(value / factor)) if isinstance(value, int) else value / factor
