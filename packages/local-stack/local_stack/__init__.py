"""The local stack: an interpreter of the wiring file, which lists a deployed stack's resources.

It depends on nothing of the product. Reading order: `wiring` and `resources` (the supported resources),
`allocation` (ports and directories, before the start), `stack` (the running parts), then each part: `cloud`,
`postgres`, `emulator`, `runtime`, `gateway`, `event_source`, `schedule`. `running`, `issuer` and `signing` are for
tests that use a stack.
"""
