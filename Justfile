# One-line aliases of ./scripts. `just` is optional: each recipe is the command to type without it.

# List the recipes.
default:
    @just --list

# Install uv, Python, Node and the locked packages inside the checkout.
setup:
    ./scripts/setup-env.sh

# Run the whole pipeline on this machine.
run *arguments:
    ./scripts/local.sh {{arguments}}

# Run every check and test, as CI does.
check:
    ./scripts/test.sh

# Run a part of the tests: just test tests/unit -k submit
test +arguments:
    ./scripts/test.sh {{arguments}}

# Format the Python code.
format:
    .venv/bin/ruff check --fix --quiet .
    .venv/bin/ruff format .

# Report what would fail in a deploy of a stage.
pre-deploy stage="dev":
    ./scripts/pre-deploy.sh --stage {{stage}}

# Deploy a stage, and prove that it works.
deploy stage:
    ./scripts/deploy.sh {{stage}}

# Regenerate the local stack's wiring, the picture and the cost tables.
docs:
    ./scripts/stack-docs.sh

# Run the pipeline under injected faults, and judge the outcome.
chaos *arguments:
    ./scripts/chaos.sh {{arguments}}

# Look up known vulnerabilities of the locked packages.
audit:
    ./scripts/audit.sh
