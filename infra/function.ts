/** What the functions have in common: all of them are in the VPC, and use the database, each as one of its roles. */

import { limits } from "../project.config";
import type { apiCredentials } from "./credentials";
import { database } from "./database";
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

/** Past a proxy, if there is one: on a first deploy it takes minutes more than the database to answer, and while a
 * password changes it knows only the one before. */
export const directDatabaseEnvironment = {
  ENVIRONMENT: stageName,
  DB_HOST: database.nodes.instance!.address,
  DB_PORT: $interpolate`${database.port}`,
  DB_NAME: database.database,
};

type Credentials = Pick<typeof apiCredentials, "arn"> & { username: $util.Input<string> };

export const databaseEnvironment = ({ arn, username }: Credentials) => ({
  ...directDatabaseEnvironment,
  DB_HOST: database.host,
  DB_USERNAME: username,
  DB_PASSWORD_SECRET_ARN: arn,
});

export const readSecrets = (...secretArns: $util.Output<string>[]) => ({
  actions: ["secretsmanager:GetSecretValue"],
  resources: secretArns,
});

export const commonPermissions = [
  // X-Ray knows no resources.
  ...(tracing ? [{ actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources: ["*"] }] : []),
];

const onlyLambda = aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" });

const lambda: Partial<aws.lambda.FunctionArgs> = { tracingConfig: { mode: tracing ? "Active" : "PassThrough" } };

/** What sst.aws.Function has no argument for; the function itself is released after `dependencies`. */
export const afterMigration = (...dependencies: $util.Resource[]): sst.aws.FunctionArgs["transform"] => ({
  function: (args, options) => {
    Object.assign(args, lambda);
    options.dependsOn = dependencies;
  },
  // SST would let the whole account assume the role, which only `sst dev` needs.
  role: $dev ? undefined : { assumeRolePolicy: onlyLambda },
});
