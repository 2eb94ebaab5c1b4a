/** Writes down what nobody could handle, and fails the job that waited for it. */

import { limits } from "../project.config";
import { workerCredentials } from "./credentials";
import { common, commonPermissions, databaseEnvironment, readSecrets, afterMigration } from "./function";
import { migration } from "./migration";
import { jobsDeadLetter } from "./queue";
import { stage } from "./stage";

export const deadLetterHandler = new sst.aws.Function("DeadLetterHandler", {
  ...common,
  description: "Buries the messages that nobody could handle, and fails their jobs",
  handler: "pipeline/jobs/handlers/dead_letter.handler",
  timeout: `${limits.deadLetterTimeoutSeconds} seconds`,
  memory: `${stage.functions.memory.deadLetter} MB`,
  environment: { ...databaseEnvironment(workerCredentials), MAX_RECEIVE_COUNT: `${limits.maxReceiveCount}` },
  permissions: [
    ...commonPermissions,
    readSecrets(workerCredentials.arn),
    {
      actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
      resources: [jobsDeadLetter.arn],
    },
  ],
  transform: afterMigration(migration),
});

new aws.lambda.EventSourceMapping("DeadLetterHandlerLetters", {
  eventSourceArn: jobsDeadLetter.arn,
  functionName: deadLetterHandler.arn,
  batchSize: limits.batchSize,
  maximumBatchingWindowInSeconds: 0,
  functionResponseTypes: ["ReportBatchItemFailures"],
  scalingConfig: { maximumConcurrency: 2 }, // Lambda allows no less; nobody is in a hurry
});
