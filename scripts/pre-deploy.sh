#!/usr/bin/env bash
# Everything that can be known before a deploy. See ./scripts/pre-deploy.sh --help
set -euo pipefail
here="$PWD"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
. "$root/scripts/setup-env.sh"  # sourced: SST needs its uv on the path
cd "$here"                      # the user's paths are meant from there
exec "$root/.venv/bin/pre-deploy" --root "$root" "$@"
