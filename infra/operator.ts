/** What an operator orders: the database is private, so a command goes through a function. Only IAM lets it be invoked. */

import { limits } from "../project.config";
import { workerCredentials } from "./credentials";
import { common, commonPermissions, databaseEnvironment, readSecrets, afterMigration } from "./function";
import { migration } from "./migration";
import { jobs } from "./queue";
import { stage } from "./stage";

export const operator = new sst.aws.Function("Operator", {
  ...common,
  description: "Lists failed jobs, and runs them again: called by scripts/redrive.sh",
  handler: "pipeline/jobs/handlers/operator.handler",
  timeout: `${limits.operatorTimeoutSeconds} seconds`,
  memory: `${stage.functions.memory.operator} MB`,
  environment: { ...databaseEnvironment(workerCredentials), SQS_QUEUE_URL: jobs.url },
  permissions: [
    ...commonPermissions,
    readSecrets(workerCredentials.arn),
    { actions: ["sqs:SendMessage"], resources: [jobs.arn] },
  ],
  transform: afterMigration(migration),
});
