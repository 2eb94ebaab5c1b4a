#!/usr/bin/env bash
# Deploy a stage: ./scripts/deploy.sh STAGE checks it, runs `npx sst deploy`, and proves with a real job that it works.
# ./scripts/deploy.sh STAGE --prove deploys nothing and only proves. Needs AWS credentials for the stage's account.
# Findings stop it, unless all of them are low. Where the API wants tokens, API_TOKEN is one that may submit.
# Exit status: 0 what is live was seen to work, 1 it was not, 2 nothing was deployed.
set -euo pipefail
cd "$(dirname "$0")/.."
case " $* " in
  *" --help "* | *" -h "* | "  ")
    sed -n '2,5s/^# //p' scripts/deploy.sh
    [ $# -gt 0 ] && exit 0 || exit 2
    ;;
esac
. scripts/setup-env.sh
exec uv run --no-sync python -m deploy_proof.deploy "$@"
