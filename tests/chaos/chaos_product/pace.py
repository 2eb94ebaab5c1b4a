"""The product's policy at another pace. Its numbers keep their proportions; those that cannot are named below."""

from dataclasses import fields, is_dataclass, replace
from typing import Any

from pipeline.platform import policy
from pipeline.platform.policy import Policy

LEASE_S = Policy().lease.lease_s

DATABASE_FACTOR = 2.5
"""Divides the database's timeouts, whatever the pace: a server on a core that runs everything else too needs 1.4 s."""

NOT_DIVIDED = ("result_url_s",)
"""The lifetime of a link, which the harness's clients follow at their own pace."""


def set_pace(factor: float) -> None:
    """Put the policy at that pace in the place of the product's own. Before anything of the product is used."""
    paced = divided(Policy(), factor)
    production = Policy().requests
    paced = replace(paced, requests=divided(production, DATABASE_FACTOR))
    policy.use(paced)


def divided(part: Any, factor: float) -> Any:
    """A part of the policy with all its durations divided. Whole seconds stay whole, and at least 1."""
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
