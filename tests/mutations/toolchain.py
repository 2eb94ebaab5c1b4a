"""Tools and state: the TST rows of the failure catalogue that can be seen before a deploy.

TST-02 (a wrong exit status) is in packages/deploy-proof/tests: it depends on the deploy, not on the tree.
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
    mutation("TST-03", "two-deploys-at-once", "deploys-meet", DEPLOY, Edit(DEPLOY, "concurrency:", "x-concurrency:")),
    mutation(
        "TST-05",
        "personal-profile",
        "hard-coded-profile",
        SST,
        Edit(SST, "aws: { region,", 'aws: { profile: "nope", region,'),
    ),
)
