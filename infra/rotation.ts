/** Rotates the passwords of the database roles every month, without downtime. */

import { functionSettings } from "../project.config";
import { apiCredentials, roleSecrets, workerCredentials } from "./credentials";
import { afterMigration, common, directDatabaseEnvironment, tracingPermissions } from "./function";
import { migration } from "./migration";
import { stage } from "./stage";

export const rotator = new sst.aws.Function("Rotator", {
  ...common,
  description: "Rotates the password of a database role",
  handler: "pipeline/platform/handlers/rotator.handler",
  timeout: `${functionSettings.rotatorTimeoutSeconds} seconds`,
  memory: `${stage.functions.memoryMB.rotator} MB`,
  environment: directDatabaseEnvironment(),
  permissions: [
    ...tracingPermissions,
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
  // The first rotation happens immediately, so a broken rotation shows on the deploy and not a month later.
  new aws.secretsmanager.SecretRotation(
    `${name}Rotation`,
    {
      secretId: arn,
      rotationLambdaArn: rotator.arn,
      rotationRules: { automaticallyAfterDays: functionSettings.rotationDays },
    },
    { dependsOn: [permission] },
  );
}
