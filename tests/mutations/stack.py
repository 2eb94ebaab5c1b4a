"""The program and its resources: the INF rows of the failure catalogue."""

from tests.mutations.mutation import Append, Edit, Move, mutation

SST, PROJECT = "sst.config.ts", "project.config.ts"
API, QUEUE, WORKER = "infra/jobs/api.ts", "infra/jobs/queue.ts", "infra/jobs/worker.ts"
HOME = '      home: "aws",\n'
STATUS = 'api.route("GET /status/{id}", apiHandler.arn, { name: "Status", auth: authorizationFor("read") });\n'
BY_HAND = """
new aws.lambda.Function("ByHand", {
  runtime: "python3.12",
  handler: "pipeline.jobs.handlers.sweeper.handler",
  role: "arn:aws:iam::111122223333:role/by-hand",
  code: new $util.asset.FileArchive("./functions/"),
});
"""

MUTATIONS = (
    mutation(
        "INF-01",
        "import-at-the-top",
        "config-top-level-import",
        SST,
        Edit(
            SST,
            "export default",
            'import { project } from "./project.config";\n\nconsole.log(project);\n\nexport default',
        ),
    ),
    mutation(
        "INF-02",
        "aws-imported-in-javascript",
        "javascript-imports-aws",
        "infra/sweeper.js",
        Move("infra/jobs/sweeper.ts", "infra/sweeper.js"),
        Edit(
            "infra/sweeper.js",
            "import { functionSettings }",
            'import * as aws from "@pulumi/aws";\nimport { functionSettings }',
        ),
    ),
    mutation(
        "INF-03",
        "subnets-renamed",
        "rehearsal-failed",
        "infra/function.ts",
        Edit("infra/function.ts", "privateSubnets: vpc.privateSubnets", "subnets: vpc.privateSubnets"),
    ),
    mutation(
        "INF-05",
        "visibility-below-timeout",
        "visibility-below-timeout",
        QUEUE,
        Edit(PROJECT, "visibilityTimeoutSeconds: 3_600", "visibilityTimeoutSeconds: 300"),
    ),
    mutation(
        "INF-07",
        "no-partial-responses",
        "no-partial-responses",
        WORKER,
        Edit(WORKER, '  functionResponseTypes: ["ReportBatchItemFailures"],\n', ""),
    ),
    mutation(
        "INF-07",
        "worker-swallows-failures",
        "batch-failures-not-reported",
        "functions/pipeline/jobs/handlers/worker.py",
        Append(
            "functions/pipeline/jobs/handlers/worker.py",
            "\n\nwork = handler\n\n\ndef handler(event, context):\n    work(event, context)\n    return {}\n",
        ),
    ),
    mutation(
        "INF-08",
        "dead-letter-queue-unwired",
        "queue-without-dead-letters",
        QUEUE,
        Edit(QUEUE, "  dlq: { queue: jobDeadLetterQueue.arn, retry: maxReceiveCount },\n", ""),
    ),
    mutation(
        "INF-08",
        "dead-letter-queue-as-a-component",
        "typescript-error",
        QUEUE,
        Edit(QUEUE, "queue: jobDeadLetterQueue.arn, retry", "queue: jobDeadLetterQueue, retry"),
    ),
    mutation(
        "INF-09",
        "consumer-may-not-receive",
        "execution-role-lacks-action",
        WORKER,
        Edit(WORKER, '        "sqs:ReceiveMessage",\n', ""),
    ),
    mutation(
        "INF-10",
        "queue-argument-that-does-not-exist",
        "typescript-error",
        QUEUE,
        Edit(QUEUE, "  visibilityTimeout:", '  messageRetentionPeriod: "14 days",\n  visibilityTimeout:'),
    ),
    mutation(
        "INF-11",
        "api-outlasts-the-gateway",
        "timeout-above-gateway",
        API,
        Edit(API, "${functionSettings.apiTimeoutSeconds} seconds", "5 minutes"),
    ),
    mutation("INF-12", "route-without-slash", "rehearsal-failed", API, Edit(API, '"POST /analyze"', '"POST analyze"')),
    mutation("INF-12", "route-missing", "missing-route", API, Edit(API, STATUS, "")),
    mutation(
        "INF-12",
        "second-subscriber",
        "rehearsal-failed",
        QUEUE,
        Append(
            QUEUE,
            'jobQueue.subscribe({ handler: "pipeline/jobs/handlers/worker.handler", runtime: "python3.12" });\njobQueue.subscribe({ handler: "pipeline/jobs/handlers/worker.handler", runtime: "python3.12" });\n',
        ),
    ),
    mutation(
        "INF-15", "app-name-with-underscore", "rehearsal-failed", SST, Edit(SST, "name: project", 'name: "my_app"')
    ),
    mutation(
        "INF-15", "app-name-begins-with-a-digit", "rehearsal-failed", SST, Edit(SST, "name: project", 'name: "1app"')
    ),
    mutation(
        "INF-15",
        "component-name-with-space",
        "rehearsal-failed",
        QUEUE,
        Edit(QUEUE, '"JobsDeadLetter"', '"Jobs Dead Letter"'),
    ),
    mutation(
        "INF-15",
        "component-name-twice",
        "rehearsal-failed",
        QUEUE,
        Edit(QUEUE, 'Queue("JobsDeadLetter"', 'Queue("Jobs"'),
    ),
    mutation(
        "INF-15",
        "removal-policy",
        "rehearsal-failed",
        SST,
        Edit(SST, "      removal,\n", "      removalPolicy: removal,\n"),
    ),
    mutation("INF-15", "no-home", "config-home-missing", SST, Edit(SST, HOME, "")),
    mutation(
        "INF-15",
        "provider-true",
        "rehearsal-failed",
        SST,
        Edit(SST, "aws: { region, allowedAccountIds: allowedAccountIds(input.stage) }", "aws: true"),
    ),
    mutation(
        "INF-15",
        "provider-of-another-version",
        "rehearsal-failed",
        SST,
        Edit(SST, "aws: { region,", 'aws: { version: "6.83.0", region,'),
    ),
    mutation(
        "INF-15",
        "another-version-of-sst",
        "rehearsal-failed",
        SST,
        Edit(SST, HOME, HOME + '      version: "3.17.14",\n'),
    ),
    mutation(
        "INF-17",
        "bucket-v2",
        "rehearsal-warning",
        "infra/jobs/results.ts",
        Append("infra/jobs/results.ts", '\nnew aws.s3.BucketV2("Old");\n'),
    ),
    mutation(
        "INF-18",
        "function-made-by-hand",
        "function-not-packaged",
        "infra/jobs/sweeper.ts",
        Append("infra/jobs/sweeper.ts", BY_HAND),
    ),
    mutation(
        "INF-19",
        "fixed-function-name",
        "fixed-name",
        API,
        Edit(API, '  description: "Serves', '  name: "analysis-api",\n  description: "Serves'),
    ),
)
