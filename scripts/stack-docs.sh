#!/usr/bin/env bash
# Make what is made from the stack: the wiring, the picture, the cost table. See ./scripts/stack-docs.sh --help
set -euo pipefail
here="$PWD"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$root/scripts/setup-env.sh"  # sourced: SST needs its uv on the path
cd "$here"                      # the user's paths are meant from there
exec "$root/.venv/bin/stack-docs" --root "$root" "$@"
