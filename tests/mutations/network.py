"""Permissions and networks: the NET rows of the failure catalogue."""

from tests.mutations.mutation import Edit, mutation

API, WORKER, MODEL, ENDPOINTS = "infra/jobs/api.ts", "infra/jobs/worker.ts", "infra/models.ts", "infra/endpoints.ts"
INVOKE = '{ actions: ["bedrock:InvokeModel"], resources: resolved(requested) }'

MUTATIONS = (
    mutation(
        "NET-01",
        "no-permission-for-the-model",
        "role-lacks-action",
        WORKER,
        Edit(WORKER, "    ...modelPermissions,\n", ""),
    ),
    mutation(
        "NET-02",
        "profile-left-out",
        "role-lacks-action",
        MODEL,
        Edit(MODEL, INVOKE, INVOKE.replace("requested", "routedTo")),
    ),
    mutation("NET-03", "may-not-send", "role-lacks-action", API, Edit(API, '"sqs:SendMessage", ', "")),
    mutation(
        "NET-04",
        "no-way-to-bedrock",
        "service-out-of-reach",
        ENDPOINTS,
        Edit(ENDPOINTS, ', Bedrock: "bedrock-runtime"', ""),
    ),
    mutation(
        "NET-05",
        "endpoints-behind-the-databases-port",
        "service-out-of-reach",
        ENDPOINTS,
        Edit(ENDPOINTS, "fromPort: 443,\n        toPort: 443", "fromPort: 5432,\n        toPort: 5432"),
    ),
    mutation(
        "NET-05",
        "database-closed-to-the-functions",
        "database-out-of-reach",
        "infra/database.ts",
        Edit(
            "infra/database.ts",
            'description: "From the functions", securityGroups: [functionSecurityGroup.id]',
            'description: "From the functions", cidrBlocks: ["172.31.0.0/16"]',
        ),
    ),
    mutation(
        "NET-05",
        "functions-in-public-subnets",
        "function-in-public-subnet",
        API,
        Edit("infra/function.ts", "privateSubnets: vpc.privateSubnets", "privateSubnets: vpc.publicSubnets"),
    ),
    mutation(
        "NET-07",
        "role-of-another-account-assumed",
        "hard-coded-role",
        "sst.config.ts",
        Edit(
            "sst.config.ts",
            "aws: { region,",
            'aws: { assumeRoles: [{ roleArn: "arn:aws:iam::111122223333:role/deploy" }], region,',
        ),
    ),
)
