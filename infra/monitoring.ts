/** The alarms of the shared resources. Each system's alarms are in its folder. */

import { alarms, resourceName } from "../project.config";
import { alarmTopic } from "./alarm_topic";
import { api } from "./api";
import { database } from "./database";
import { rotator } from "./rotation";
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

/** The number of lines of a function's log with this message. */
export function logMetric(name: string, fn: sst.aws.Function, message: string): Metric {
  const metric = { name, namespace: resourceName(stageName, "logs") };
  new aws.cloudwatch.LogMetricFilter(name, {
    logGroupName: fn.nodes.logGroup.apply((group) => group!.name),
    pattern: `{ $.message = ${JSON.stringify(message)} }`,
    metricTransformation: { ...metric, value: "1" },
  });
  return { namespace: metric.namespace, metricName: metric.name, dimensions: {}, statistic: "Sum" };
}

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

alarm("ApiErrors", "The API returns 5xx errors", serverErrors, { atLeast: alarms.apiServerErrors });
alarm("RotatorErrors", "The rotation of a database password fails", functionMetric(rotator, "Errors"), { atLeast: 1 });
alarm("DatabaseCpu", "The database CPU is overloaded", databaseMetric("CPUUtilization"), {
  atLeast: alarms.databaseCpuPercent,
  minutes: 15,
});
alarm("DatabaseStorage", "The database storage is nearly full", databaseMetric("FreeStorageSpace"), {
  below: alarms.databaseFreeStorageGB * 1024 ** 3,
  minutes: 15,
});
