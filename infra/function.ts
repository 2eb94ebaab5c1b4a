/** What the functions have in common: all of them are in the VPC, and use the database. */

import { limits } from "../project.config";
import { database, databaseSecretArn } from "./database";
import { functionSecurityGroup, vpc } from "./network";
import { stage, stageName } from "./stage";

const { architecture, runtime } = limits;
const { logRetention, tracing } = stage.functions;

export const common = {
  runtime,
  architecture,
  vpc: { privateSubnets: vpc.privateSubnets, securityGroups: [functionSecurityGroup.id] },
  logging: { retention: logRetention },
} satisfies Partial<sst.aws.FunctionArgs>;

export const databaseEnvironment = {
  ENVIRONMENT: stageName,
  DB_HOST: database.host,
  DB_PORT: $interpolate`${database.port}`,
  DB_NAME: database.database,
  DB_USERNAME: database.username,
  DB_PASSWORD_SECRET_ARN: databaseSecretArn,
};

export const commonPermissions = [
  { actions: ["secretsmanager:GetSecretValue"], resources: [databaseSecretArn] },
  // X-Ray knows no resources.
  ...(tracing ? [{ actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources: ["*"] }] : []),
];

const onlyLambda = aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" });

const lambda: Partial<aws.lambda.FunctionArgs> = { tracingConfig: { mode: tracing ? "Active" : "PassThrough" } };

/** What sst.aws.Function has no argument for; the function itself is released after `dependencies`. */
export const released = (...dependencies: $util.Resource[]): sst.aws.FunctionArgs["transform"] => ({
  function: (args, options) => {
    Object.assign(args, lambda);
    options.dependsOn = dependencies;
  },
  // SST would let the whole account assume the role, which only `sst dev` needs.
  role: $dev ? undefined : { assumeRolePolicy: onlyLambda },
});
