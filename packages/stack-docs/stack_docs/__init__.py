"""Writes the files that are generated from the stack, and reports which of them are stale."""
