#!/usr/bin/env bash
# Put uv on the path, and install it into .tools if it is missing. Other scripts source it in the root of the checkout.
# Sets PYTHON_VERSION. Requires Python 3. Safe to repeat.
set -euo pipefail

# shellcheck disable=SC2034  # the scripts that source this file use it
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
