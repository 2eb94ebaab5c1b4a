#!/usr/bin/env bash
# Deploy a stage: ./scripts/deploy.sh STAGE checks it, runs `npx sst deploy`, and proves with a real job that it works.
# ./scripts/deploy.sh STAGE --prove deploys nothing and only proves. Needs AWS credentials for the stage's account.
set -euo pipefail
cd "$(dirname "$0")/.."
case " $* " in
  *" --help "* | *" -h "* | "  ")
    sed -n '2,3s/^# //p' scripts/deploy.sh
    [ $# -gt 0 ] && exit 0 || exit 2
    ;;
esac
. scripts/setup-env.sh
exec uv run --no-sync python -m pre_deploy.deploy "$@"
