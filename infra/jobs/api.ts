/** The function that serves the jobs API, and its routes. */

import { functionSettings } from "../../project.config";
import { api, authorizationFor } from "../api";
import { apiCredentials } from "../credentials";
import { afterMigration, common, readSecrets, tracingPermissions } from "../function";
import { migration } from "../migration";
import { businessRulesParameter, configParameter } from "../parameters";
import { stage } from "../stage";
import { jobEnvironment } from "./environment";
import { jobQueue } from "./queue";
import { results } from "./results";

export const apiHandler = new sst.aws.Function("ApiHandler", {
  ...common,
  description: "Serves the jobs API: accepts jobs and reports their state",
  handler: "pipeline/jobs/handlers/api.handler",
  timeout: `${functionSettings.apiTimeoutSeconds} seconds`,
  memory: `${stage.functions.memoryMB.api} MB`,
  concurrency: stage.concurrency.api === null ? undefined : { reserved: stage.concurrency.api },
  environment: { ...jobEnvironment(apiCredentials), API_AUTHORIZATION: stage.api.auth.type },
  permissions: [
    ...tracingPermissions,
    readSecrets(apiCredentials.arn),
    { actions: ["sqs:SendMessage", "sqs:GetQueueAttributes"], resources: [jobQueue.arn] },
    { actions: ["ssm:GetParameters"], resources: [configParameter.arn, businessRulesParameter.arn] },
    // A presigned link to a result carries the permissions of the role that signs it.
    { actions: ["s3:GetObject"], resources: [$interpolate`${results.arn}/results/*`] },
  ],
  transform: afterMigration(migration),
});

api.route("POST /analyze", apiHandler.arn, { name: "Analyze", auth: authorizationFor("submit") });
api.route("GET /status/{id}", apiHandler.arn, { name: "Status", auth: authorizationFor("read") });
api.route("GET /jobs", apiHandler.arn, { name: "Jobs", auth: authorizationFor("read") });
api.route("POST /jobs/{id}/cancel", apiHandler.arn, { name: "Cancel", auth: authorizationFor("submit") });
api.route("DELETE /jobs/{id}", apiHandler.arn, { name: "Erase", auth: authorizationFor("submit") });
api.route("GET /openapi.json", apiHandler.arn, { name: "Openapi", auth: authorizationFor("read") });
api.route("$default", apiHandler.arn, { name: "Default", auth: authorizationFor("read") });

/**
 * Routes without credentials, which have the public throttle. Monitors have none, and the answer holds only the version,
 * the stage and whether each dependency answers.
 */
export const openRoutes = [
  api.route("GET /health", apiHandler.arn, { name: "Health", auth: false }),
  api.route("HEAD /health", apiHandler.arn, { name: "HealthHead", auth: false }),
];

if (stage.api.corsOrigins.length > 0 && stage.api.auth.type !== "open") {
  // Browsers send preflight requests without credentials: the authorizer of $default would refuse them.
  api.route("OPTIONS /{proxy+}", apiHandler.arn, { name: "Preflight", auth: false });
}
