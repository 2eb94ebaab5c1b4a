#!/usr/bin/env bash
# The pipeline under faults, and a judge over what became of every job. See ./scripts/chaos.sh --help
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
trap 'exit 2' EXIT  # if setup-env.sh fails
"$root/scripts/setup-env.sh"
trap - EXIT
exec "$root/.venv/bin/python" -P -m chaos_harness --root "$root" --product "$root/tests/chaos/chaos_product" "$@"
