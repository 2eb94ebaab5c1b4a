#!/usr/bin/env bash
# Change the product in one place at a time, and report the changes that no test notices: ./scripts/mutation-score.sh services/submit_job
set -euo pipefail
if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
  sed -n '2s/^# //p' "$0"
  exit 0
fi
. "$(dirname "$0")/setup-env.sh"
PATH="$PWD/.venv/bin:$PATH"
export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1  # the configuration names the plugins: loading all takes seconds in each run
exec python -m mutation_score --config tests/mutation-score.toml "$@"
