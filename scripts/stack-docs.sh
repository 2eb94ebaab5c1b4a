#!/usr/bin/env bash
# Regenerates the files that describe the stack: the wiring, the diagram, the cost tables. See ./scripts/stack-docs.sh --help
set -euo pipefail
here="$PWD"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$root/scripts/setup-env.sh"  # sourced: SST needs its uv on the path
cd "$here"                      # relative paths in the arguments start here
exec "$root/.venv/bin/stack-docs" --root "$root" "$@"
