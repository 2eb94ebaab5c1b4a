#!/usr/bin/env bash
# Every check and every test, as CI runs them. Arguments go to pytest: ./scripts/test.sh tests/unit -k retry
set -euo pipefail
if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
  sed -n '2s/^# //p' "$0"
  exit 0
fi
. "$(dirname "$0")/setup-env.sh"

echo "== format and lint" >&2
uv run --no-sync ruff format --check --quiet . >&2
uv run --no-sync ruff check --quiet . >&2
echo "== types" >&2
uv run --no-sync mypy >&2
echo "== tests" >&2
exec uv run --no-sync pytest "$@"
