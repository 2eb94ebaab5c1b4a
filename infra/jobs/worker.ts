/** The function that runs jobs from the queue. */

import { functionSettings } from "../../project.config";
import { workerCredentials } from "../credentials";
import { afterMigration, common, readSecrets, tracingPermissions } from "../function";
import { migration } from "../migration";
import { modelPermissions, unlistedModels } from "../models";
import { businessRulesParameter, configParameter } from "../parameters";
import { stage } from "../stage";
import { jobEnvironment } from "./environment";
import { jobQueue } from "./queue";
import { results } from "./results";

export const worker = new sst.aws.Function("Worker", {
  ...common,
  description: "Runs one job: claims it, calls the model, stores the result",
  handler: "pipeline/jobs/handlers/worker.handler",
  timeout: `${functionSettings.workerTimeoutSeconds} seconds`,
  memory: `${stage.functions.memoryMB.worker} MB`,
  environment: jobEnvironment(workerCredentials),
  permissions: [
    ...tracingPermissions,
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
      resources: [jobQueue.arn],
    },
    { actions: ["ssm:GetParameters"], resources: [configParameter.arn, businessRulesParameter.arn] },
    // GetObject: to compare an object that is already there with the result.
    { actions: ["s3:PutObject", "s3:GetObject"], resources: [$interpolate`${results.arn}/results/*`] },
  ],
  policies: $util.all([unlistedModels.arn]),
  transform: afterMigration(migration),
});

// Not jobQueue.subscribe(): given a function that exists, it grants no permission, and its name depends on the ARN.
new aws.lambda.EventSourceMapping("WorkerJobs", {
  eventSourceArn: jobQueue.arn,
  functionName: worker.arn,
  batchSize: functionSettings.batchSize,
  maximumBatchingWindowInSeconds: 0,
  functionResponseTypes: ["ReportBatchItemFailures"],
  // Not reserved concurrency: that throttles deliveries, and each throttled delivery counts as a receive.
  scalingConfig: { maximumConcurrency: stage.concurrency.worker },
});
