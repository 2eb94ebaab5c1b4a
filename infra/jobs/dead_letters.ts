/** Records each dead letter and fails its job. */

import { functionSettings } from "../../project.config";
import { workerCredentials } from "../credentials";
import { afterMigration, common, proxiedDatabaseEnvironment, readSecrets, tracingPermissions } from "../function";
import { migration } from "../migration";
import { stage } from "../stage";
import { jobDeadLetterQueue } from "./queue";

export const deadLetterHandler = new sst.aws.Function("DeadLetterHandler", {
  ...common,
  description: "Records dead letters and fails their jobs",
  handler: "pipeline/jobs/handlers/dead_letter.handler",
  timeout: `${functionSettings.deadLetterTimeoutSeconds} seconds`,
  memory: `${stage.functions.memoryMB.deadLetter} MB`,
  environment: {
    ...proxiedDatabaseEnvironment(workerCredentials),
    MAX_RECEIVE_COUNT: `${functionSettings.maxReceiveCount}`,
  },
  permissions: [
    ...tracingPermissions,
    readSecrets(workerCredentials.arn),
    {
      actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
      resources: [jobDeadLetterQueue.arn],
    },
  ],
  transform: afterMigration(migration),
});

new aws.lambda.EventSourceMapping("DeadLetterHandlerMessages", {
  eventSourceArn: jobDeadLetterQueue.arn,
  functionName: deadLetterHandler.arn,
  batchSize: functionSettings.batchSize,
  maximumBatchingWindowInSeconds: 0,
  functionResponseTypes: ["ReportBatchItemFailures"],
  scalingConfig: { maximumConcurrency: 2 }, // the minimum that Lambda allows; dead letters are not urgent
});
