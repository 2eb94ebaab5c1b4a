#!/usr/bin/env bash
# Everything that can be known before a deploy. See ./scripts/pre-deploy.sh --help
set -euo pipefail
here="$PWD"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
arguments=("$@")

# A fault in the lock or the projects is a finding as any other: take what can be had without them.
with_less() {
  .venv/bin/python -P -c "import moto, deploy_checks.__main__" 2>/dev/null || uv sync --frozen --quiet --python "$PYTHON_VERSION" >&2 || say_why
}

# Away from the project's own settings of uv and Python, which may be what is broken.
say_why() {
  elsewhere="$(mktemp -d)"
  cd "$elsewhere"
  echo "$PYTHON_VERSION" >.python-version  # for pyenv, whose shims uv and Python may be
  status=0
  if uv run --no-project --quiet --python "$PYTHON_VERSION" python -c "" 2>/dev/null; then
    PYTHONPATH="$root/packages/deploy-checks:$root/packages/stack-graph" uv run --no-project --quiet --python "$PYTHON_VERSION" \
      python -B -m deploy_checks.unprepared --root "$root" "${arguments[@]}" || status=$?
  else
    PYENV_VERSION=system python3 -B "$root/packages/deploy-checks/deploy_checks/no_python.py" "${arguments[@]}" || status=$?
  fi
  rm -rf "$elsewhere"
  trap - EXIT
  exit "$status"
}

trap 'exit 2' EXIT  # what setup-env.sh cannot do
on_refusal=with_less
. "$root/scripts/setup-env.sh"  # sourced: SST needs its uv on the path
trap - EXIT
cd "$here"                      # the user's paths are meant from there
exec "$root/.venv/bin/python" -P -m deploy_checks --root "$root" "$@"
