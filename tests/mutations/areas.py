"""All the ways to break the repository, area by area."""

from tests.mutations import (
    artifacts,
    beyond_code,
    beyond_stack,
    beyond_values,
    data,
    network,
    packaging,
    runtime,
    stack,
    toolchain,
)

AREAS = (packaging, artifacts, stack, runtime, network, data, toolchain, beyond_stack, beyond_values, beyond_code)
EVERY = [mutation for area in AREAS for mutation in area.MUTATIONS]
