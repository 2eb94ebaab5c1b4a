/** Settings shared by all functions: each runs in the VPC and logs in to the database as one of its roles. */

import { functionSettings } from "../project.config";
import { database } from "./database";
import { functionSecurityGroup, vpc } from "./network";
import { stage, stageName } from "./stage";

const { architecture, runtime } = functionSettings;
const { logRetention, tracing } = stage.functions;

type Transform = NonNullable<sst.aws.FunctionArgs["transform"]>;
type FunctionTransform = Extract<Transform["function"], (...args: never[]) => unknown>;

/** X-Ray tracing: sst.aws.Function has no argument for it. */
const setTracing: FunctionTransform = (args) => {
  args.tracingConfig = { mode: tracing ? "Active" : "PassThrough" };
};

/** Only Lambda may assume the role. SST's default lets the whole account, which only `sst dev` needs. */
const restrictRole: Transform["role"] = $dev
  ? undefined
  : { assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "lambda.amazonaws.com" }) };

export const common = {
  runtime,
  architecture,
  vpc: { privateSubnets: vpc.privateSubnets, securityGroups: [functionSecurityGroup.id] },
  logging: { retention: logRetention },
  transform: { function: setTracing, role: restrictRole },
} satisfies Partial<sst.aws.FunctionArgs>;

/** In place of `common.transform`, for a function that needs the migrated schema: it is deployed after `migration`. */
export const afterMigration = (migration: $util.Resource): Transform => ({
  ...common.transform,
  function: (args, options, name) => {
    setTracing(args, options, name);
    options.dependsOn = [migration];
  },
});

/** A database login: the user name, and the ARN of the secret that holds the password. */
export interface Credentials {
  username: $util.Input<string>;
  arn: $util.Input<string>;
}

const databaseAt = (host: $util.Input<string>) => ({
  ENVIRONMENT: stageName,
  DB_HOST: host,
  DB_PORT: $interpolate`${database.port}`,
  DB_NAME: database.database,
});

const loginOf = ({ arn, username }: Credentials) => ({ DB_USERNAME: username, DB_PASSWORD_SECRET_ARN: arn });

/** The database through its proxy, or the instance itself where the stage has no proxy. */
export const proxiedDatabaseEnvironment = (credentials: Credentials) => ({
  ...databaseAt(database.host),
  ...loginOf(credentials),
});

/**
 * The database instance itself, for the migrator and the rotator. On a first deploy the proxy accepts connections
 * minutes later than the instance, it never has the owner's secret, and during a rotation it knows only the old
 * password.
 */
export const directDatabaseEnvironment = (credentials?: Credentials) => ({
  ...databaseAt(database.nodes.instance!.address),
  ...(credentials ? loginOf(credentials) : {}),
});

export const readSecrets = (...secretArns: $util.Output<string>[]) => ({
  actions: ["secretsmanager:GetSecretValue"],
  resources: secretArns,
});

/** Permissions to send traces, where the stage has tracing. */
export const tracingPermissions = [
  // X-Ray does not support resource-level permissions.
  ...(tracing ? [{ actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources: ["*"] }] : []),
];
