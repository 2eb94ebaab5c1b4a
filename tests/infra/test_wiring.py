"""The local stack interprets the whole committed wiring."""

from pathlib import Path

from local_stack.connections import connect
from local_stack.wiring import Surroundings, load, resolve

WIRING = Path(__file__).parents[2] / "infra" / "wiring.json"


def test_every_resource_of_the_wiring_is_interpreted() -> None:
    wiring = resolve(load(WIRING), Surroundings("http://127.0.0.1:4566", "/run/socket"))
    assert connect(wiring).routes
    assert "${" not in repr(wiring.resources)
