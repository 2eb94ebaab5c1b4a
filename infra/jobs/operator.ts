/**
 * The function behind the operator's commands: the database is private, so a command line reaches it by invoking this
 * function. Only IAM grants that.
 */

import { functionSettings } from "../../project.config";
import { workerCredentials } from "../credentials";
import { afterMigration, common, proxiedDatabaseEnvironment, readSecrets, tracingPermissions } from "../function";
import { migration } from "../migration";
import { stage } from "../stage";
import { jobQueue } from "./queue";

export const operator = new sst.aws.Function("Operator", {
  ...common,
  description: "Re-runs failed jobs and erases content; invoked by scripts/redrive.sh and scripts/erase.sh",
  handler: "pipeline/jobs/handlers/operator.handler",
  timeout: `${functionSettings.operatorTimeoutSeconds} seconds`,
  memory: `${stage.functions.memoryMB.operator} MB`,
  environment: { ...proxiedDatabaseEnvironment(workerCredentials), SQS_QUEUE_URL: jobQueue.url },
  permissions: [
    ...tracingPermissions,
    readSecrets(workerCredentials.arn),
    { actions: ["sqs:SendMessage"], resources: [jobQueue.arn] },
  ],
  transform: afterMigration(migration),
});
