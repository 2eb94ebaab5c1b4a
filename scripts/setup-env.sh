#!/usr/bin/env bash
# Make this machine ready: uv, Python 3.12 and the locked packages, all inside the checkout. Needs Python 3 and git.
# The other scripts source it; run by itself it does the same and stops. Safe to repeat: it does only what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PYTHON_VERSION=3.12  # the functions', whatever .python-version has become

say() { echo "setup: $*" >&2; }

# Where .python-version names a Python that pyenv does not have, its shims refuse to start anything.
if ! uv --version >/dev/null 2>&1 && PYENV_VERSION=3.12 uv --version >/dev/null 2>&1; then export PYENV_VERSION=3.12; fi

if ! uv --version >/dev/null 2>&1; then
  if [ ! -x .tools/bin/uv ]; then
    command -v python3 >/dev/null || { say "Python 3 is needed: install python3 and run this again"; exit 1; }
    say "installing uv into .tools"
    quiet=(--quiet --disable-pip-version-check --only-binary :all:)
    # Some systems ship python3 without venv: --target needs pip alone.
    { python3 -m venv .tools && .tools/bin/pip install "${quiet[@]}" --require-hashes -r scripts/uv.txt; } >&2 ||
      python3 -m pip install "${quiet[@]}" --require-hashes -r scripts/uv.txt --target .tools >&2
  fi
  PATH="$PWD/.tools/bin:$PATH"
  export PATH
fi

# An active virtual environment of another project would win over ours.
unset VIRTUAL_ENV
refused() { say "the packages could not be installed: see above"; exit 1; }
uv sync --locked --quiet --python "$PYTHON_VERSION" >&2 || "${on_refusal:-refused}"  # pre-deploy.sh has more to say than that
