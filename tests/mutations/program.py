"""Programs that SST refuses: the rehearsal stops, so no other check can find them."""

from tests.mutations.mutation import Append, Edit, mutation

SST, PROJECT = "sst.config.ts", "project.config.ts"
API, QUEUE, RESULTS = "infra/jobs/api.ts", "infra/jobs/queue.ts", "infra/jobs/results.ts"
IAM = '      auth: { type: "iam" },\n      corsOrigins: [],\n      throttle: { requestsPerSecond: 1_000'

MUTATIONS = (
    mutation(
        "SST",
        "storage-limit-below-storage",
        "rehearsal-failed",
        SST,
        Edit(PROJECT, "maxStorageGB: 50", "maxStorageGB: 5"),
    ),
    mutation(
        "SST",
        "component-that-does-not-exist",
        "rehearsal-failed",
        RESULTS,
        Edit(RESULTS, 'new sst.aws.Bucket("Results"', 'new sst.aws.Buckets("Results"'),
    ),
    mutation(
        "SST",
        "open-api-in-production",
        "rehearsal-failed",
        SST,
        Edit(PROJECT, IAM, IAM.replace('"iam"', '"open"')),
        stage="production",
    ),
    mutation(
        "SST",
        "region-that-does-not-exist",
        "rehearsal-failed",
        SST,
        Edit(PROJECT, 'region: "us-east-1"', 'region: "us-east-9"'),
    ),
    mutation("SST", "program-throws", "rehearsal-failed", QUEUE, Append(QUEUE, '\nthrow new Error("no");\n')),
    mutation("SST", "program-does-not-parse", "rehearsal-failed", QUEUE, Append(QUEUE, "\nconst = 1;\n")),
    mutation("SST", "missing-module", "rehearsal-failed", API, Edit(API, '"./queue"', '"./queues"')),
    mutation(
        "SST",
        "circular-modules",
        "rehearsal-failed",
        QUEUE,
        Append(QUEUE, '\nimport { api } from "./api";\nexport const url = api.url;\n'),
    ),
    mutation(
        "SST",
        "missing-npm-package",
        "rehearsal-failed",
        API,
        Append(API, '\nimport { x } from "left-pad";\nx();\n'),
    ),
)
