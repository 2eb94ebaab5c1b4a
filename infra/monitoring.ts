/** The alarms of the shared resources. Each system's alarms are in its folder. */

import { alarms, resourceName } from "../project.config";
import { alarmTopic } from "./alarm_topic";
import { api } from "./api";
import { database } from "./database";
import { rotator } from "./rotation";
import { maxConnections } from "./settings";
import { stage, stageName } from "./stage";

type Metric = Pick<aws.cloudwatch.MetricAlarmArgs, "namespace" | "metricName" | "dimensions" | "statistic">;

/** The limit of an alarm. It is raised when every period of five minutes within `minutes` reaches it. */
type Limit = ({ atLeast: number } | { below: number }) & { minutes?: number };

export function alarm(name: string, description: string, metric: Metric, limit: Limit): void {
  new aws.cloudwatch.MetricAlarm(name, {
    name: resourceName(stageName, name),
    alarmDescription: description,
    ...metric,
    period: 300, // s
    evaluationPeriods: (limit.minutes ?? 5) / 5,
    threshold: "below" in limit ? limit.below : limit.atLeast,
    comparisonOperator: "below" in limit ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold",
    treatMissingData: "notBreaching",
    alarmActions: [alarmTopic.arn],
    okActions: [alarmTopic.arn],
  });
}

export const queueMetric = (queue: sst.aws.Queue, metricName: string): Metric => ({
  namespace: "AWS/SQS",
  metricName,
  dimensions: { QueueName: queue.nodes.queue.name },
  statistic: "Maximum",
});

export const functionMetric = (fn: sst.aws.Function, metricName: "Errors" | "Invocations"): Metric => ({
  namespace: "AWS/Lambda",
  metricName,
  dimensions: { FunctionName: fn.name },
  statistic: "Sum",
});

/** The number of lines of a log that match, or the highest value that a field of theirs has. */
export function logMetric(name: string, log: $util.Input<string>, pattern: string, field?: string): Metric {
  const metric = { name, namespace: resourceName(stageName, "logs") };
  new aws.cloudwatch.LogMetricFilter(name, {
    logGroupName: log,
    pattern,
    metricTransformation: { ...metric, value: field ?? "1" },
  });
  return {
    namespace: metric.namespace,
    metricName: metric.name,
    dimensions: {},
    statistic: field === undefined ? "Sum" : "Maximum",
  };
}

/** The log of a function. */
export const logOf = (fn: sst.aws.Function) => fn.nodes.logGroup.apply((group) => group!.name);

const databaseMetric = (metricName: string): Metric => ({
  namespace: "AWS/RDS",
  metricName,
  dimensions: { DBInstanceIdentifier: database.id },
  statistic: "Average",
});

const serverErrors: Metric = {
  namespace: "AWS/ApiGateway",
  metricName: "5xx",
  dimensions: { ApiId: api.nodes.api.id },
  statistic: "Sum",
};

const refused = logMetric("ApiRefused", api.nodes.logGroup.name, '{ $.status = "401" || $.status = "403" }');

alarm("ApiRefusals", "The API refuses many callers", refused, { atLeast: alarms.apiRefusals });
alarm("ApiErrors", "The API returns 5xx errors", serverErrors, { atLeast: alarms.apiServerErrors });
alarm("RotatorErrors", "The rotation of a database password fails", functionMetric(rotator, "Errors"), { atLeast: 1 });
alarm("DatabaseCpu", "The database CPU is overloaded", databaseMetric("CPUUtilization"), {
  atLeast: alarms.databaseCpuPercent,
  minutes: 15,
});
alarm("DatabaseConnections", "The database is running out of connections", databaseMetric("DatabaseConnections"), {
  atLeast: Math.floor((connectionsOf(stage.database.instance) * alarms.databaseConnectionsPercent) / 100),
});
alarm("DatabaseStorage", "The database storage is nearly full", databaseMetric("FreeStorageSpace"), {
  below: alarms.databaseFreeStorageGB * 1024 ** 3,
  minutes: 15,
});

function connectionsOf(instance: string): number {
  const accepted = maxConnections(instance);
  if (accepted === undefined) throw new Error(`infra/settings.ts lacks the memory of the instance class ${instance}.`);
  return accepted;
}
