"""Asks PyPI and npm for known vulnerabilities of the locked packages: see ./scripts/audit.sh --help."""
