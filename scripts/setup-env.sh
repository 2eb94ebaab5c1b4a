#!/usr/bin/env bash
# Install uv, Python 3.12 and the locked packages, all inside the checkout. Requires Python 3 and git.
# The other scripts source or run it. Safe to repeat: it installs only what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

. scripts/setup-uv.sh
if ! uv sync --locked --quiet --python "$PYTHON_VERSION" >&2; then
  log "the packages could not be installed: see above"
  exit 1
fi
