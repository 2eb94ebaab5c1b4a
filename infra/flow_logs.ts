/**
 * The VPC's flow logs: its connections by address and port, without contents. Accepted traffic too: rejected traffic
 * shows attempts, but data leaves a network over accepted connections. An idle stage writes less than 0.1 GB a month.
 */

import { resourceName } from "../project.config";
import { vpc } from "./network";
import { accountId, stage, stageName } from "./stage";

const days = { "1 week": 7, "1 month": 30, "3 months": 90, "1 year": 365 } as const;

const logGroup = new aws.cloudwatch.LogGroup("FlowLogs", {
  namePrefix: `/aws/vendedlogs/vpc/${resourceName(stageName, "flow-logs-")}`,
  retentionInDays: days[stage.functions.logRetention],
});

const writes = {
  actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
  resources: [$interpolate`${logGroup.arn}:*`],
};
// The log group exists, so logs:CreateLogGroup, which AWS's example has too, is not needed.
const finds = {
  actions: ["logs:DescribeLogGroups"],
  resources: [$interpolate`arn:aws:logs:${stage.region}:${accountId}:log-group:*`],
};

const role = new aws.iam.Role("FlowLogsRole", {
  name: resourceName(stageName, "flow-logs"),
  assumeRolePolicy: aws.iam.getPolicyDocumentOutput({
    statements: [
      {
        actions: ["sts:AssumeRole"],
        principals: [{ type: "Service", identifiers: ["vpc-flow-logs.amazonaws.com"] }],
        conditions: [{ test: "StringEquals", variable: "aws:SourceAccount", values: [accountId] }],
      },
    ],
  }).json,
  inlinePolicies: [
    { name: "inline", policy: aws.iam.getPolicyDocumentOutput({ statements: [writes, finds] }).json },
  ],
});

new aws.ec2.FlowLog("FlowLog", {
  vpcId: vpc.id,
  trafficType: "ALL",
  logDestinationType: "cloud-watch-logs",
  logDestination: logGroup.arn,
  iamRoleArn: role.arn,
  maxAggregationInterval: 600, // s, the longest: fewer records
  tags: { Name: resourceName(stageName, "vpc") },
});
