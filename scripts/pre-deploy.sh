#!/usr/bin/env bash
# Everything that can be known before a deploy. See ./scripts/pre-deploy.sh --help
set -euo pipefail
here="$PWD"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# The installed packages are enough to run the command, even if they are not those of the lock.
usable() { .venv/bin/python -P -c "import moto, deploy_checks.__main__" 2>/dev/null; }

# Report why the packages cannot be installed, from a folder without the project's settings, which may be the cause.
report_without_packages() {
  local elsewhere status=0
  elsewhere="$(mktemp -d)"
  cd "$elsewhere"
  echo "$PYTHON_VERSION" >.python-version  # for pyenv, whose shims uv and Python may be
  if uv run --no-project --quiet --python "$PYTHON_VERSION" python -c "" 2>/dev/null; then
    PYTHONPATH="$root/packages/deploy-checks:$root/packages/stack-graph" uv run --no-project --quiet --python "$PYTHON_VERSION" \
      python -B -m deploy_checks.unprepared --root "$root" "$@" || status=$?
  else
    PYENV_VERSION=system python3 -B "$root/packages/deploy-checks/deploy_checks/no_python.py" "$@" || status=$?
  fi
  rm -rf "$elsewhere"
  return "$status"
}

cd "$root"
trap 'exit 2' EXIT       # if uv cannot be installed, the command could not run
. scripts/setup-uv.sh    # sourced: SST needs this uv on the path
trap - EXIT

# A mistake in the lock or in a project is a finding like any other: continue with the packages that can be installed.
if ! uv sync --locked --quiet --python "$PYTHON_VERSION" >&2 && ! usable &&
  ! uv sync --frozen --quiet --python "$PYTHON_VERSION" >&2; then
  report_without_packages "$@"
  exit
fi

cd "$here"  # relative paths in the arguments start there
exec "$root/.venv/bin/python" -P -m deploy_checks --root "$root" "$@"
