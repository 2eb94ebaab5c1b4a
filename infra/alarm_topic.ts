/**
 * The topic of all alarms, encrypted. CloudWatch cannot use AWS's own key for SNS (`alias/aws/sns`): its policy admits no
 * other service, and the alarms' messages would be lost. So the topic has its own key, for 1 USD a month.
 */

import { resourceName } from "../project.config";
import { accountId, alarmEmail, stage, stageName } from "./stage";

const key = new aws.kms.Key("AlarmsKey", {
  description: "Messages of the alarms",
  enableKeyRotation: true,
  deletionWindowInDays: 7, // the minimum: a message is delivered within seconds, so the key protects nothing for longer
  policy: $jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "ManagedByIam",
        Effect: "Allow",
        Principal: { AWS: $interpolate`arn:aws:iam::${accountId}:root` },
        Action: "kms:*",
        Resource: "*",
      },
      {
        Sid: "MessagesOfTheStagesAlarms",
        Effect: "Allow",
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
        Resource: "*",
        Condition: {
          StringEquals: { "aws:SourceAccount": accountId },
          ArnLike: {
            "aws:SourceArn": $interpolate`arn:aws:cloudwatch:${stage.region}:${accountId}:alarm:${resourceName(stageName, "*")}`,
          },
        },
      },
    ],
  }),
});

new aws.kms.Alias("AlarmsKeyAlias", { name: `alias/${resourceName(stageName, "alarms")}`, targetKeyId: key.keyId });

export const alarmTopic = new aws.sns.Topic("Alarms", {
  name: resourceName(stageName, "alarms"),
  kmsMasterKeyId: key.arn,
});

if (alarmEmail) {
  new aws.sns.TopicSubscription("AlarmsEmail", { topic: alarmTopic.arn, protocol: "email", endpoint: alarmEmail });
}
