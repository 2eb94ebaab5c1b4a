#!/usr/bin/env bash
# The whole pipeline on this machine, with no AWS account and no Docker. See ./scripts/local.sh --help
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
"$root/scripts/setup-env.sh"
# exec, so that signals reach the stack. The working directory stays the user's: relative paths in arguments start there.
exec "$root/.venv/bin/local-stack" --root "$root" "$@"
