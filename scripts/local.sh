#!/usr/bin/env bash
# The whole pipeline on this machine, with no AWS account and no Docker. See ./scripts/local.sh --help
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
"$root/scripts/setup-env.sh"
# In place of this shell, so that signals reach it. The directory stays the user's: their paths are meant from there.
exec "$root/.venv/bin/local-stack" --root "$root" "$@"
