"""The chaos harness: the real local stack under injected faults, and a judge over the history of the run."""
