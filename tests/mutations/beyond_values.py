"""Values that AWS refuses, and what is there but switched off, turned away or told to nobody."""

from tests.mutations.mutation import Append, Edit, mutation

GATEWAY = "infra/api.ts"
PROJECT, QUEUE, WORKER, API = "project.config.ts", "infra/jobs/queue.ts", "infra/jobs/worker.ts", "infra/jobs/api.ts"
DATABASE, ENDPOINTS, NETWORK, STORAGE = (
    "infra/database.ts",
    "infra/endpoints.ts",
    "infra/network.ts",
    "infra/jobs/results.ts",
)
MONITORING, MIGRATION, SWEEPER, MODEL = (
    "infra/monitoring.ts",
    "infra/migration.ts",
    "infra/jobs/sweeper.ts",
    "infra/models.ts",
)
LETTERS = "VisibilityTimeoutSeconds} seconds`,\n  transform: { queue }"
BATCH = "  batchSize: limits.batchSize,\n"
DESCRIPTION = '  description: "Serves'

REFUSED = (
    mutation(
        "NEW",
        "delay-beyond-sqs",
        "value-refused",
        QUEUE,
        Edit(QUEUE, LETTERS, LETTERS.replace("{ queue }", "{ queue: { ...queue, delaySeconds: 1_000 } }")),
    ),
    mutation(
        "NEW",
        "backups-beyond-rds",
        "value-refused",
        DATABASE,
        Edit(PROJECT, "backupDays: 30", "backupDays: 60"),
        stage="production",
    ),
    mutation(
        "NEW",
        "alarm-compares-with-a-sign",
        "value-refused",
        MONITORING,
        Edit(MONITORING, '"LessThanThreshold" : "GreaterThanOrEqualToThreshold"', '"<" : ">="'),
    ),
    mutation(
        "NEW",
        "statistic-that-is-not",
        "value-refused",
        MONITORING,
        Edit(MONITORING, 'statistic: "Maximum"', 'statistic: "Max"'),
    ),
    mutation(
        "NEW",
        "port-that-is-none",
        "value-refused",
        NETWORK,
        Edit(NETWORK, "fromPort: 443, toPort: 443", "fromPort: 443, toPort: 70_000"),
    ),
    mutation(
        "NEW",
        "endpoint-type-in-small-letters",
        "value-refused",
        ENDPOINTS,
        Edit(ENDPOINTS, 'vpcEndpointType: "Gateway"', 'vpcEndpointType: "gateway"'),
    ),
    mutation(
        "NEW",
        "lifecycle-status-that-is-not",
        "value-refused",
        STORAGE,
        Edit(STORAGE, 'status: "Enabled"', 'status: "On"'),
    ),
    mutation(
        "NEW",
        "throttle-below-zero",
        "value-refused",
        API,
        Edit(PROJECT, "requestsPerSecond: 10,", "requestsPerSecond: -10,"),
    ),
    mutation(
        "NEW",
        "cron-of-five-fields",
        "value-refused",
        SWEEPER,
        Edit(SWEEPER, "rate(1 minute)", "cron(* * * * *)"),
    ),
    mutation(
        "NEW",
        "description-without-end",
        "value-refused",
        API,
        Edit(API, '"Serves the jobs API: accepts jobs and reports their state"', '"Accepts jobs. ".repeat(30)'),
    ),
    mutation(
        "NEW",
        "temporary-storage-below-lambdas-least",
        "value-refused",
        WORKER,
        Edit(WORKER, "  transform: afterMigration", '  storage: "100 MB",\n  transform: afterMigration'),
    ),
)
SILENT = (
    mutation(
        "NEW",
        "dead-letter-queue-takes-none",
        "dead-letters-refused",
        QUEUE,
        Edit(
            QUEUE,
            LETTERS,
            LETTERS.replace(
                "{ queue }",
                '{ queue: { ...queue, redriveAllowPolicy: JSON.stringify({ redrivePermission: "denyAll" }) } }',
            ),
        ),
    ),
    mutation(
        "NEW",
        "network-acl-without-rules",
        "network-acl-denies",
        NETWORK,
        Append(NETWORK, '\nnew aws.ec2.NetworkAcl("Acl", { vpcId: vpc.id, subnetIds: vpc.privateSubnets });\n'),
    ),
    mutation(
        "NEW",
        "address-of-the-api-switched-off",
        "api-unreachable",
        GATEWAY,
        Edit(
            GATEWAY,
            "  transform: {\n    stage:",
            "  transform: {\n    api: { disableExecuteApiEndpoint: true },\n    stage:",
        ),
    ),
    mutation(
        "NEW",
        "browsers-may-not-post",
        "cors-method-missing",
        GATEWAY,
        Edit(GATEWAY, 'allowMethods: ["GET", "POST"]', 'allowMethods: ["GET"]'),
    ),
    mutation(
        "NEW",
        "browsers-may-not-send-a-key",
        "cors-header-missing",
        GATEWAY,
        Edit(GATEWAY, '"idempotency-key", ', ""),
    ),
    mutation(
        "NEW",
        "alarms-switched-off",
        "alarm-without-action",
        MONITORING,
        Edit(MONITORING, "    alarmActions:", "    actionsEnabled: false,\n    alarmActions:"),
    ),
    mutation(
        "NEW",
        "migration-without-json",
        "invocation-input",
        MIGRATION,
        Edit(MIGRATION, 'input: "{}"', 'input: "now"'),
    ),
    mutation(
        "NEW",
        "log-in-to-the-instance-itself",
        "grant-of-nothing",
        API,
        Edit(
            API,
            '    { actions: ["ssm:GetParameters"], resources: [configParameter.arn, businessRulesParameter.arn] },\n',
            '    { actions: ["ssm:GetParameters"], resources: [configParameter.arn, businessRulesParameter.arn] },\n    { actions: ["ssm:GetParameter"], resources: [jobs.arn] },\n',
        ),
    ),
    mutation(
        "NEW",
        "queue-of-another-region",
        "other-region",
        WORKER,
        Edit(
            WORKER,
            "eventSourceArn: jobs.arn",
            'eventSourceArn: jobs.arn.apply((arn) => arn.replace("us-east-1", "eu-west-1"))',
        ),
    ),
    mutation(
        "NEW",
        "secret-of-the-database-denied",
        "policy-denies",
        DATABASE,
        Append(
            DATABASE,
            '\nnew aws.secretsmanager.SecretPolicy("StrictModel", { secretArn: master.arn, policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Deny", Principal: "*", Action: "secretsmanager:*", Resource: "*" }] }) });\n',
        ),
    ),
    mutation(
        "NEW",
        "schedule-that-has-ended",
        "schedule-cannot-invoke",
        SWEEPER,
        Edit(
            SWEEPER,
            "function: sweeper.arn }",
            'function: sweeper.arn, transform: { schedule: { endDate: "2026-12-01T00:00:00Z" } } }',
        ),
    ),
    mutation(
        "NEW",
        "reserved-for-the-worker-none",
        "function-never-runs",
        WORKER,
        Edit(WORKER, "  transform: afterMigration", "  concurrency: { reserved: 0 },\n  transform: afterMigration"),
    ),
)
MUTATIONS = (*REFUSED, *SILENT)
