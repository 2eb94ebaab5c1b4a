#!/usr/bin/env bash
# Erases the content of jobs: documents, metadata and results. See ./scripts/erase.sh --help
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
"$root/scripts/setup-env.sh"
exec "$root/.venv/bin/python" -P -m job_redrive.erase --root "$root" "$@"
