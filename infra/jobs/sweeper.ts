/** Re-enqueues jobs whose message was lost; runs every minute. */

import { functionSettings } from "../../project.config";
import { workerCredentials } from "../credentials";
import { afterMigration, common, proxiedDatabaseEnvironment, readSecrets, tracingPermissions } from "../function";
import { migration } from "../migration";
import { stage } from "../stage";
import { jobQueue } from "./queue";

export const sweeper = new sst.aws.Function("Sweeper", {
  ...common,
  description: "Re-enqueues jobs that were never enqueued or whose worker died",
  handler: "pipeline/jobs/handlers/sweeper.handler",
  timeout: `${functionSettings.sweeperTimeoutSeconds} seconds`,
  memory: `${stage.functions.memoryMB.sweeper} MB`,
  environment: { ...proxiedDatabaseEnvironment(workerCredentials), SQS_QUEUE_URL: jobQueue.url },
  permissions: [
    ...tracingPermissions,
    readSecrets(workerCredentials.arn),
    { actions: ["sqs:SendMessage", "sqs:GetQueueAttributes"], resources: [jobQueue.arn] },
  ],
  retries: 0, // the next minute's run is the retry
  transform: afterMigration(migration),
});

new sst.aws.CronV2("SweeperSchedule", { schedule: "rate(1 minute)", function: sweeper.arn });
