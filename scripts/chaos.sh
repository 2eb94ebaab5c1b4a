#!/usr/bin/env bash
# Runs the pipeline under injected faults, and judges the outcome of every job. See ./scripts/chaos.sh --help
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
trap 'exit 2' EXIT  # if setup-env.sh fails
"$root/scripts/setup-env.sh"
trap - EXIT
exec "$root/.venv/bin/python" -P -m chaos_harness --root "$root" --product "$root/tests/chaos/chaos_product" "$@"
