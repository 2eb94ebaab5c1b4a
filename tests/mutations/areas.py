"""All source mutations, area by area."""

from tests.mutations import artifacts, data, job, network, packaging, program, runtime, stack, toolchain, unprepared

AREAS = (packaging, artifacts, stack, runtime, network, data, toolchain, program, job, unprepared)
EVERY = [mutation for area in AREAS for mutation in area.MUTATIONS]
