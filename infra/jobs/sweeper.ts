/** Re-enqueues jobs that lost their message, reports the day's spending and erases old content; runs every minute. */

import { functionSettings } from "../../project.config";
import { workerCredentials } from "../credentials";
import { afterMigration, common, proxiedDatabaseEnvironment, readSecrets, tracingPermissions } from "../function";
import { migration } from "../migration";
import { businessRulesParameter, configParameter } from "../parameters";
import { stage } from "../stage";
import { jobQueue } from "./queue";
import { results } from "./results";

export const sweeper = new sst.aws.Function("Sweeper", {
  ...common,
  description: "Re-enqueues jobs that lost their message, reports the day's spending and erases old content",
  handler: "pipeline/jobs/handlers/sweeper.handler",
  timeout: `${functionSettings.sweeperTimeoutSeconds} seconds`,
  memory: `${stage.functions.memoryMB.sweeper} MB`,
  environment: {
    ...proxiedDatabaseEnvironment(workerCredentials),
    SQS_QUEUE_URL: jobQueue.url,
    S3_BUCKET_NAME: results.name,
    RETENTION_DAYS: `${stage.retentionDays}`,
    CONFIG_PARAMETER_NAME: configParameter.name,
    BUSINESS_RULES_PARAMETER_NAME: businessRulesParameter.name,
  },
  permissions: [
    ...tracingPermissions,
    readSecrets(workerCredentials.arn),
    { actions: ["sqs:SendMessage", "sqs:GetQueueAttributes"], resources: [jobQueue.arn] },
    // The only function that may delete results. A version is deleted by its id, which needs DeleteObjectVersion alone.
    { actions: ["s3:ListBucketVersions"], resources: [results.arn] },
    { actions: ["s3:DeleteObjectVersion"], resources: [$interpolate`${results.arn}/results/*`] },
    { actions: ["ssm:GetParameters"], resources: [configParameter.arn, businessRulesParameter.arn] },
  ],
  retries: 0, // the next minute's run is the retry
  transform: afterMigration(migration),
});

new sst.aws.CronV2("SweeperSchedule", { schedule: "rate(1 minute)", function: sweeper.arn });
