/** PostgreSQL on RDS: private, encrypted at rest and on the way. */

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
  description: "PostgreSQL, and its proxy",
  ingress: [
    { ...postgresPort, description: "The functions", securityGroups: [functionSecurityGroup.id] },
    ...(proxy ? [{ ...postgresPort, description: "The proxy", self: true }] : []),
    ...(bastionFrom.length > 0
      ? [
          {
            ...postgresPort,
            description: "The bastion",
            securityGroups: [vpc.nodes.bastionSecurityGroup.apply((group) => group!.id)],
          },
        ]
      : []),
  ],
  egress: proxy ? [{ ...postgresPort, description: "From the proxy", self: true }] : [],
  tags: { Name: resourceName(stageName, "database") },
});

export const database = new sst.aws.Postgres("Database", {
  vpc,
  version: "18", // the major version alone: RDS withdraws minor ones
  database: "pipeline",
  username: "postgres",
  instance,
  storage: `${maxStorageGB} GB`,
  multiAz,
  proxy,
  transform: {
    parameterGroup: {
      parameters: [
        // SST would switch this off: then a client that does not ask for TLS gets none.
        { name: "rds.force_ssl", value: "1" },
        // The log quotes neither the statement that failed nor its row: they hold documents.
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
      // A snapshot outlives its stage: the VPC's id keeps the next one's name free.
      ...(finalSnapshot ? { finalSnapshotIdentifier: $interpolate`${resourceName(stageName, "final")}-${vpc.id}` } : {}),
      performanceInsightsEnabled: performanceInsights,
      // A major upgrade is somebody's decision; a minor one mends faults.
      allowMajorVersionUpgrade: false,
      autoMinorVersionUpgrade: true,
      // PostgreSQL's log is not exported: it quotes statements, so documents.
    },
    proxy: (args) => {
      args.requireTls = true;
      args.vpcSecurityGroupIds = [databaseSecurityGroup.id];
      // It lets in whom it has the secret of. SST's own is the master's, who comes past the proxy.
      args.auths = roleSecrets.map((secretArn) => ({ authScheme: "SECRETS", iamAuth: "DISABLED", secretArn }));
      args.roleArn = proxyRole().arn;
    },
  },
});

/** The owner of the database, and the secret that SST makes. It gives the ARN nowhere but in this tag. */
export const master = {
  username: database.username,
  arn: database.nodes.instance!.tags.apply((tags) => tags!["sst:lookup:password"]!),
};

/** SST's reads the secret of the master alone. */
function proxyRole(): aws.iam.Role {
  const reads = { actions: ["secretsmanager:GetSecretValue"], resources: roleSecrets };
  return new aws.iam.Role("DatabaseProxySecretsRole", {
    assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "rds.amazonaws.com" }),
    inlinePolicies: [{ name: "inline", policy: aws.iam.getPolicyDocumentOutput({ statements: [reads] }).json }],
  });
}
