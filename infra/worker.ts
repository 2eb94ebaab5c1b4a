/** Works the jobs off the queue. */

import { limits } from "../project.config";
import { workerCredentials } from "./credentials";
import { common, commonPermissions, databaseEnvironment, readSecrets, afterMigration } from "./function";
import { migration } from "./migration";
import { modelPermissions } from "./model";
import { config, rules } from "./parameters";
import { jobs } from "./queue";
import { stage } from "./stage";
import { results } from "./storage";

export const worker = new sst.aws.Function("Worker", {
  ...common,
  description: "Runs one job: claims it, asks the model, stores the result",
  handler: "pipeline/jobs/handlers/worker.handler",
  timeout: `${limits.workerTimeoutSeconds} seconds`,
  memory: `${stage.functions.memory.worker} MB`,
  environment: {
    ...databaseEnvironment(workerCredentials),
    S3_BUCKET_NAME: results.name,
    SQS_QUEUE_URL: jobs.url,
    CONFIG_PARAMETER_NAME: config.name,
    BUSINESS_RULES_PARAMETER_NAME: rules.name,
  },
  permissions: [
    ...commonPermissions,
    readSecrets(workerCredentials.arn),
    ...modelPermissions,
    {
      actions: [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
      ],
      resources: [jobs.arn],
    },
    { actions: ["ssm:GetParameters"], resources: [config.arn, rules.arn] },
    { actions: ["s3:PutObject"], resources: [$interpolate`${results.arn}/results/*`] },
  ],
  transform: afterMigration(migration),
});

// Not jobs.subscribe(): given a function, it grants nothing, and its name depends on the queue's ARN.
new aws.lambda.EventSourceMapping("WorkerJobs", {
  eventSourceArn: jobs.arn,
  functionName: worker.arn,
  batchSize: limits.batchSize,
  maximumBatchingWindowInSeconds: 0,
  functionResponseTypes: ["ReportBatchItemFailures"],
  // Not reserved concurrency: that would throttle deliveries, and each throttled one counts as received.
  scalingConfig: { maximumConcurrency: stage.concurrency.worker },
});
