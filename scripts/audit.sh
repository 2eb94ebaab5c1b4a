#!/usr/bin/env bash
# Known vulnerabilities of the locked packages. See ./scripts/audit.sh --help
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/setup-env.sh"
PATH="$PWD/.venv/bin:$PATH"  # pip-audit, and Node with its npm
exec python -P -m dependency_audit "$@"
