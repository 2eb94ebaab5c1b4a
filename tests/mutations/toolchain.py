"""Tools and state: the TST rows of the failure catalogue that can be seen before a deploy.

TST-02 (an exit status that lies) is in tests/infra/test_deploy_proof.py: it is a fault of the deploy, not of the tree.
"""

from tests.mutations.mutation import Edit, mutation

PACKAGE, SST, DEPLOY = "package.json", "sst.config.ts", ".github/workflows/deploy.yml"
NPM_LOCK, TESTS = "package-lock.json", "scripts/test.sh"

MUTATIONS = (
    mutation(
        "TST-01",
        "sst-of-last-year",
        "package-lock-differs",
        PACKAGE,
        Edit(PACKAGE, '"sst": "4.17.1"', '"sst": "3.17.14"'),
    ),
    mutation(
        "TST-01", "sst-not-pinned", "sst-not-pinned", PACKAGE, Edit(PACKAGE, '"sst": "4.17.1"', '"sst": "^4.17.1"')
    ),
    mutation("TST-01", "old-node", "node-too-old", ".nvmrc", Edit(".nvmrc", "24", "18")),
    mutation("TST-03", "two-deploys-at-once", "deploys-meet", DEPLOY, Edit(DEPLOY, "concurrency:", "x-concurrency:")),
    mutation(
        "TST-05",
        "personal-profile",
        "hard-coded-profile",
        SST,
        Edit(SST, "aws: { region,", 'aws: { profile: "nope", region,'),
    ),
    mutation(
        "TST-05",
        "placeholder-account",
        "hard-coded-account",
        SST,
        Edit(SST, "allowedAccountIds: allowedAccountIds(input.stage)", 'allowedAccountIds: ["123456789012"]'),
    ),
    mutation(
        "NEW",
        "package-without-hash",
        "dependency-without-hash",
        NPM_LOCK,
        Edit(NPM_LOCK, '"integrity"', '"x-integrity"'),
    ),
    mutation("NEW", "tests-install-anew", "install-past-the-lock", TESTS, Edit(TESTS, "npm ci", "npm install")),
)
