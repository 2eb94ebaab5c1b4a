#!/usr/bin/env bash
# Make this machine ready: uv, Python 3.12 and the locked packages, all inside the checkout. Needs Python 3 and git.
# The other scripts source it; run by itself it does the same and stops. Safe to repeat: it does only what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

. scripts/setup-uv.sh
if ! uv sync --locked --quiet --python "$PYTHON_VERSION" >&2; then
  say "the packages could not be installed: see above"
  exit 1
fi
