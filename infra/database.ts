/** PostgreSQL on RDS: private, encrypted at rest and in transit. */

import { resourceName } from "../project.config";
import { roleSecrets } from "./credentials";
import { functionSecurityGroup, vpc } from "./network";
import { stage, stageName } from "./stage";

const { bastionFrom } = stage.network;
const { backupDays, deletionProtection, finalSnapshot, instance, maxStorageGB, multiAz, performanceInsights, proxy } =
  stage.database;

const postgresPort = { protocol: "tcp", fromPort: 5432, toPort: 5432 };

const databaseSecurityGroup = new aws.ec2.SecurityGroup("DatabaseSecurityGroup", {
  vpcId: vpc.id,
  description: "PostgreSQL and its proxy",
  ingress: [
    { ...postgresPort, description: "From the functions", securityGroups: [functionSecurityGroup.id] },
    ...(proxy ? [{ ...postgresPort, description: "From the proxy", self: true }] : []),
    ...(bastionFrom.length > 0
      ? [
          {
            ...postgresPort,
            description: "From the bastion",
            securityGroups: [vpc.nodes.bastionSecurityGroup.apply((group) => group!.id)],
          },
        ]
      : []),
  ],
  egress: proxy ? [{ ...postgresPort, description: "To the database", self: true }] : [],
  tags: { Name: resourceName(stageName, "database") },
});

export const database = new sst.aws.Postgres("Database", {
  vpc,
  version: "18", // the major version only: RDS withdraws minor versions
  database: "pipeline",
  username: "postgres",
  instance,
  storage: `${maxStorageGB} GB`,
  multiAz,
  proxy,
  transform: {
    parameterGroup: {
      parameters: [
        // SST's default is 0: a client that does not ask for TLS would connect without it.
        { name: "rds.force_ssl", value: "1" },
        // Keep failed statements and their rows out of the log: they contain documents.
        { name: "log_error_verbosity", value: "terse" },
        { name: "log_min_error_statement", value: "panic" },
      ],
    },
    instance: {
      publiclyAccessible: false,
      vpcSecurityGroupIds: [databaseSecurityGroup.id],
      backupRetentionPeriod: backupDays,
      copyTagsToSnapshot: true,
      deletionProtection,
      skipFinalSnapshot: !finalSnapshot,
      // A final snapshot outlives its stage: the VPC's id makes the name unique for the next one.
      ...(finalSnapshot ? { finalSnapshotIdentifier: $interpolate`${resourceName(stageName, "final")}-${vpc.id}` } : {}),
      performanceInsightsEnabled: performanceInsights,
      // Major upgrades need a decision; minor ones are fixes.
      allowMajorVersionUpgrade: false,
      autoMinorVersionUpgrade: true,
      // The PostgreSQL log is not exported to CloudWatch: it can quote statements, which contain documents.
    },
    proxy: (args) => {
      args.requireTls = true;
      args.vpcSecurityGroupIds = [databaseSecurityGroup.id];
      // The proxy accepts only users whose secrets it is given. SST's default gives it the owner's, which does not use
      // the proxy.
      args.auths = roleSecrets.map((secretArn) => ({ authScheme: "SECRETS", iamAuth: "DISABLED", secretArn }));
      args.roleArn = proxyRole().arn;
    },
  },
});

/** Login of the database owner. SST creates the secret and exposes its ARN only in this tag. */
export const owner = {
  username: database.username,
  arn: database.nodes.instance!.tags.apply((tags) => tags!["sst:lookup:password"]!),
};

/** A role that reads the secrets of both database roles. SST's default reads only the owner's. */
function proxyRole(): aws.iam.Role {
  const reads = { actions: ["secretsmanager:GetSecretValue"], resources: roleSecrets };
  return new aws.iam.Role("DatabaseProxySecretsRole", {
    name: resourceName(stageName, "database-proxy"),
    assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "rds.amazonaws.com" }),
    inlinePolicies: [{ name: "inline", policy: aws.iam.getPolicyDocumentOutput({ statements: [reads] }).json }],
  });
}
