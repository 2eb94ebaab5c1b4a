#!/usr/bin/env bash
# Run every check and test, as CI does. With arguments, run only pytest with them: ./scripts/test.sh tests/unit -k submit
set -euo pipefail
if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
  sed -n '2s/^# //p' "$0"
  exit 0
fi
. "$(dirname "$0")/setup-env.sh"
PATH="$PWD/.venv/bin:$PATH"  # also Node: it is one of the locked packages

if [ $# -gt 0 ]; then
  exec pytest "$@"
fi

echo "== format and lint" >&2
ruff format --check --quiet . >&2
ruff check --quiet . >&2
git ls-files -z | xargs -0 codespell >&2
python -m tests.docs.vocabulary >&2
lint-imports >/dev/null || { lint-imports >&2; exit 1; }
npm ci --no-fund --no-audit --silent >&2

# The rehearsals wait for packages and SST, the tests for timers: side by side they take as long as the longer one.
echo "== types and rehearsed deploys, beside the tests" >&2
types_log="$(mktemp)"
{ mypy && node_modules/.bin/tsc -p packages/deploy-rehearsal; } >"$types_log" 2>&1 &
types=$!
rehearsal_log="$(mktemp)"
rehearsals="$(mktemp -d)"
rehearse() {
  node --test "packages/deploy-rehearsal/engine/*.test.ts" "packages/deploy-rehearsal/artifacts.test.ts" \
    "packages/deploy-rehearsal/environment.test.ts" "packages/deploy-rehearsal/processes.test.ts" || return
  local status=0
  ./scripts/stack-docs.sh --check --rehearsals "$rehearsals" || status=$?
  local stage stages=()
  for stage in dev staging production; do
    stages+=(--stage "$stage" --rehearsal "$rehearsals/$stage")
  done
  ./scripts/pre-deploy.sh "${stages[@]}" || status=$?
  return "$status"
}
rehearse >"$rehearsal_log" 2>&1 &
rehearsal=$!
audit_log="$(mktemp)"
./scripts/audit.sh >"$audit_log" 2>&1 &
audit=$!

echo "== tests" >&2
status=0
pytest -n 2 --dist loadgroup || status=$?

if ! wait "$types"; then
  echo "== the types are wrong" >&2
  cat "$types_log" >&2
  status=1
fi
if ! wait "$rehearsal"; then
  echo "== the rehearsed deploy failed" >&2
  cat "$rehearsal_log" >&2
  status=1
fi
tail -n 1 "$rehearsal_log" >&2

echo "== vulnerabilities of the locked packages" >&2
audit_status=0
wait "$audit" || audit_status=$?
cat "$audit_log" >&2
# 2: a registry did not answer, which no change of the code can fix. The weekly workflow audit.yml fails in this case.
if [ "$audit_status" -ne 0 ] && [ "$audit_status" -ne 2 ]; then
  status=1
fi

rm -rf "$types_log" "$rehearsal_log" "$rehearsals" "$audit_log"
exit "$status"
