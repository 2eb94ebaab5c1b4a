#!/usr/bin/env bash
# Install uv, Python 3.12 and the locked packages, all inside the checkout. Requires Python 3 and git.
# The other scripts source or run it. Safe to repeat: it installs only what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON_VERSION=3.12  # of the functions; .python-version may have been changed

log() { echo "setup: $*" >&2; }

# Where .python-version names a Python that pyenv lacks, the pyenv shims refuse to start any program.
if ! uv --version >/dev/null 2>&1 && PYENV_VERSION=3.12 uv --version >/dev/null 2>&1; then export PYENV_VERSION=3.12; fi

if ! uv --version >/dev/null 2>&1; then
  if [ ! -x .tools/bin/uv ]; then
    command -v python3 >/dev/null || { log "Python 3 is required: install python3 and run this command again"; exit 1; }
    log "installing uv into .tools"
    quiet=(--quiet --disable-pip-version-check --only-binary :all:)
    # Some systems ship python3 without venv: --target needs only pip.
    { python3 -m venv .tools && .tools/bin/pip install "${quiet[@]}" --require-hashes -r scripts/uv.txt; } >&2 ||
      python3 -m pip install "${quiet[@]}" --require-hashes -r scripts/uv.txt --target .tools >&2
  fi
  PATH="$PWD/.tools/bin:$PATH"
  export PATH
fi

# An active virtual environment of another project would take precedence.
unset VIRTUAL_ENV
refused() { log "the packages could not be installed: see above"; exit 1; }
uv sync --locked --quiet --python "$PYTHON_VERSION" >&2 || "${on_refusal:-refused}"  # pre-deploy.sh reports more
