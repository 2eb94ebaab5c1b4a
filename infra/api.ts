/** The HTTP API. */

import { limits } from "../project.config";
import { authOf } from "./authorization";
import { apiCredentials } from "./credentials";
import { common, commonPermissions, databaseEnvironment, readSecrets, afterMigration } from "./function";
import { migration } from "./migration";
import { config, rules } from "./parameters";
import { jobs } from "./queue";
import { stage } from "./stage";
import { results } from "./storage";

const { corsOrigins, throttle } = stage.api;

export const apiHandler = new sst.aws.Function("ApiHandler", {
  ...common,
  description: "Accepts jobs and says where they stand",
  handler: "pipeline/jobs/handlers/api.handler",
  timeout: `${limits.apiTimeoutSeconds} seconds`,
  memory: `${stage.functions.memory.api} MB`,
  concurrency: stage.concurrency.api === null ? undefined : { reserved: stage.concurrency.api },
  environment: {
    ...databaseEnvironment(apiCredentials),
    S3_BUCKET_NAME: results.name,
    SQS_QUEUE_URL: jobs.url,
    CONFIG_PARAMETER_NAME: config.name,
    BUSINESS_RULES_PARAMETER_NAME: rules.name,
  },
  permissions: [
    ...commonPermissions,
    readSecrets(apiCredentials.arn),
    { actions: ["sqs:SendMessage", "sqs:GetQueueAttributes"], resources: [jobs.arn] },
    { actions: ["ssm:GetParameters"], resources: [config.arn, rules.arn] },
    // What a link to a result may do is what its signer may do.
    { actions: ["s3:GetObject"], resources: [$interpolate`${results.arn}/results/*`] },
  ],
  transform: afterMigration(migration),
});

export const api = new sst.aws.ApiGatewayV2("Api", {
  cors:
    corsOrigins.length > 0 && {
      allowOrigins: corsOrigins,
      allowMethods: ["GET", "POST"],
      allowHeaders: ["authorization", "content-type", "idempotency-key", "x-amz-date", "x-amz-security-token"],
      exposeHeaders: ["location", "retry-after"],
      maxAge: "1 hour",
    },
  accessLog: { retention: stage.functions.logRetention },
  transform: {
    stage: {
      defaultRouteSettings: {
        throttlingRateLimit: throttle.requestsPerSecond,
        throttlingBurstLimit: throttle.burst,
      },
    },
  },
});

const auth = authOf(api);

api.route("POST /analyze", apiHandler.arn, { name: "Analyze", auth: auth("submit") });
api.route("GET /status/{id}", apiHandler.arn, { name: "Status", auth: auth("read") });
api.route("GET /jobs", apiHandler.arn, { name: "Jobs", auth: auth("read") });
api.route("POST /jobs/{id}/cancel", apiHandler.arn, { name: "Cancel", auth: auth("submit") });
api.route("GET /openapi.json", apiHandler.arn, { name: "Openapi", auth: auth("read") });
api.route("$default", apiHandler.arn, { name: "Default", auth: auth("read") });
// A monitor has no credentials, and is told nothing but whether the dependencies answer.
api.route("GET /health", apiHandler.arn, { name: "Health", auth: false });

if (corsOrigins.length > 0 && stage.api.auth.type !== "open") {
  // Browsers ask before they call, without credentials: the question would end at the authorizer of $default.
  api.route("OPTIONS /{proxy+}", apiHandler.arn, { name: "Preflight", auth: false });
}
