"""Asks PyPI and npm whether a fault is known of what the locks hold: see ./scripts/audit.sh --help."""
