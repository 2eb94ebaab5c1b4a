"""The local stack: an interpreter of the wiring file, that is, of a deployed stack's resources.

It knows nothing of the product. Reading order: `wiring` and `resources` (what is understood), `ground` (what is
taken before the start), `stack` (what runs), then the parts: `cloud`, `postgres`, `emulator`, `runtime`,
`gateway`, `event_source`, `schedule`.
"""
