/** Finds the jobs that fell between the chairs, every minute. */

import { limits } from "../project.config";
import { workerCredentials } from "./credentials";
import { common, commonPermissions, databaseEnvironment, readSecrets, afterMigration } from "./function";
import { migration } from "./migration";
import { jobs } from "./queue";
import { stage } from "./stage";

export const sweeper = new sst.aws.Function("Sweeper", {
  ...common,
  description: "Sends jobs again that were never enqueued, or whose worker died",
  handler: "pipeline/jobs/handlers/sweeper.handler",
  timeout: `${limits.sweeperTimeoutSeconds} seconds`,
  memory: `${stage.functions.memory.sweeper} MB`,
  environment: { ...databaseEnvironment(workerCredentials), SQS_QUEUE_URL: jobs.url },
  permissions: [
    ...commonPermissions,
    readSecrets(workerCredentials.arn),
    { actions: ["sqs:SendMessage", "sqs:GetQueueAttributes"], resources: [jobs.arn] },
  ],
  retries: 0, // the next minute is the retry
  transform: afterMigration(migration),
});

new sst.aws.CronV2("SweeperSchedule", { schedule: "rate(1 minute)", function: sweeper.arn });
