#!/usr/bin/env bash
# Lists failed jobs and dead letters, and runs failed jobs again. See ./scripts/redrive.sh --help
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
"$root/scripts/setup-env.sh"
exec "$root/.venv/bin/python" -P -m job_redrive --root "$root" "$@"
