#!/usr/bin/env bash
# Put uv on the path, installing it into .tools if it is missing. Sourced by the other scripts, in the checkout's root.
# Sets PYTHON_VERSION, the functions' Python. Needs Python 3. Safe to repeat.

PYTHON_VERSION=3.12  # the functions', even if .python-version is wrong

say() { echo "setup: $*" >&2; }

# If .python-version names a Python that pyenv does not have, its shims refuse to start anything.
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

# uv would prefer an active virtual environment of another project.
unset VIRTUAL_ENV
