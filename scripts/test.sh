#!/usr/bin/env bash
# Every check and every test, as CI runs them. Arguments go to pytest, and then only it runs: ./scripts/test.sh tests/unit
set -euo pipefail
if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
  sed -n '2s/^# //p' "$0"
  exit 0
fi
. "$(dirname "$0")/setup-env.sh"
PATH="$PWD/.venv/bin:$PATH"  # Node too: it is among the locked packages

if [ $# -gt 0 ]; then
  exec pytest "$@"
fi

echo "== format and lint" >&2
ruff format --check --quiet . >&2
ruff check --quiet . >&2
echo "== types" >&2
mypy >&2
npm ci --no-fund --no-audit --silent >&2
node_modules/.bin/tsc -p packages/deploy-rehearsal >&2

# The rehearsals wait for packages and for SST, the tests for timers: side by side they take as long as the longer ones.
echo "== rehearsed deploys, beside the tests" >&2
log="$(mktemp)"
held="$(mktemp -d)"
rehearse() {
  node --test "packages/deploy-rehearsal/engine/*.test.ts" "packages/deploy-rehearsal/artifacts.test.ts" \
    "packages/deploy-rehearsal/environment.test.ts" "packages/deploy-rehearsal/processes.test.ts" || return
  local status=0
  ./scripts/stack-docs.sh --check --rehearsals "$held" || status=$?
  for stage in dev staging production; do
    ./scripts/pre-deploy.sh --stage "$stage" --rehearsal "$held/$stage" || status=$?
  done
  return "$status"
}
rehearse >"$log" 2>&1 &
rehearsal=$!
audited="$(mktemp)"
./scripts/audit.sh >"$audited" 2>&1 &
audit=$!

echo "== tests" >&2
status=0
pytest || status=$?

if ! wait "$rehearsal"; then
  echo "== the rehearsed deploy failed" >&2
  cat "$log" >&2
  status=1
fi
tail -n 1 "$log" >&2

echo "== known faults of the locked packages" >&2
answered=0
wait "$audit" || answered=$?
cat "$audited" >&2
# 2: a registry did not answer, which the code here cannot mend. audit.yml asks again each week, and insists on an answer.
if [ "$answered" -ne 0 ] && [ "$answered" -ne 2 ]; then
  status=1
fi

rm -rf "$log" "$held" "$audited"
exit "$status"
