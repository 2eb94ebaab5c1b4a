/** Changes the passwords of the database's roles every month, while everything runs. */

import { limits } from "../project.config";
import { apiCredentials, roleSecrets, workerCredentials } from "./credentials";
import { common, commonPermissions, afterMigration, directDatabaseEnvironment } from "./function";
import { migration } from "./migration";
import { stage } from "./stage";

export const rotator = new sst.aws.Function("Rotator", {
  ...common,
  description: "Changes the password of a role of the database",
  handler: "pipeline/platform/handlers/rotator.handler",
  timeout: `${limits.rotatorTimeoutSeconds} seconds`,
  memory: `${stage.functions.memory.migrator} MB`,
  environment: directDatabaseEnvironment,
  permissions: [
    ...commonPermissions,
    {
      actions: [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
      ],
      resources: roleSecrets,
    },
  ],
  transform: afterMigration(migration),
});

for (const [name, { arn }] of Object.entries({ Api: apiCredentials, Worker: workerCredentials })) {
  const permission = new aws.lambda.Permission(`${name}RotationPermission`, {
    action: "lambda:InvokeFunction",
    function: rotator.name,
    principal: "secretsmanager.amazonaws.com",
    sourceArn: arn,
  });
  // The first rotation is at once: so a deploy shows that it works, and not the month after.
  new aws.secretsmanager.SecretRotation(
    `${name}Rotation`,
    {
      secretId: arn,
      rotationLambdaArn: rotator.arn,
      rotationRules: { automaticallyAfterDays: limits.rotationDays },
    },
    { dependsOn: [permission] },
  );
}
