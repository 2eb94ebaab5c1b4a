"""The chaos harness: runs a product on the local stack under injected faults, and judges the history of the run."""
