#!/usr/bin/env bash
# Install uv, Python 3.12 and the locked packages, all inside the checkout. Requires Python 3 and git.
# The other scripts source or run it. Safe to repeat: it installs only what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Images of containers often set this: each process would compile all packages again, 2 of 10 CPU s of a local stack.
unset PYTHONDONTWRITEBYTECODE
. scripts/setup-uv.sh
if ! uv sync --locked --quiet --python "$PYTHON_VERSION" >&2; then
  log "the packages could not be installed: see above"
  exit 1
fi
