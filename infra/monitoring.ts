/** What somebody should be told of. */

import { alarms, limits, resourceName } from "../project.config";
import { api, apiHandler } from "./api";
import { database } from "./database";
import { deadLetterHandler } from "./dead_letters";
import { worker } from "./worker";
import { jobs, jobsDeadLetter } from "./queue";
import { rotator } from "./rotation";
import { stage, stageName } from "./stage";
import { sweeper } from "./sweeper";

const topic = new aws.sns.Topic("Alarms", { name: resourceName(stageName, "alarms") });

if (stage.alarmEmail) {
  new aws.sns.TopicSubscription("AlarmsEmail", { topic: topic.arn, protocol: "email", endpoint: stage.alarmEmail });
}

type Metric = Pick<aws.cloudwatch.MetricAlarmArgs, "namespace" | "metricName" | "dimensions" | "statistic">;

function alarm(name: string, what: string, metric: Metric, threshold: number, minutes = 5, below = false): void {
  new aws.cloudwatch.MetricAlarm(name, {
    name: resourceName(stageName, name),
    alarmDescription: what,
    ...metric,
    period: 300, // s
    evaluationPeriods: minutes / 5,
    threshold,
    comparisonOperator: below ? "LessThanThreshold" : "GreaterThanOrEqualToThreshold",
    treatMissingData: "notBreaching",
    alarmActions: [topic.arn],
    okActions: [topic.arn],
  });
}

const ofQueue = (queue: sst.aws.Queue, metricName: string): Metric => ({
  namespace: "AWS/SQS",
  metricName,
  dimensions: { QueueName: queue.nodes.queue.name },
  statistic: "Maximum",
});
const ofFunction = (fn: sst.aws.Function, metricName: string): Metric => ({
  namespace: "AWS/Lambda",
  metricName,
  dimensions: { FunctionName: fn.name },
  statistic: "Sum",
});
const errorsOf = (fn: sst.aws.Function): Metric => ofFunction(fn, "Errors");
const ofDatabase = (metricName: string): Metric => ({
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

const { functionErrors } = alarms;
const freeBytes = alarms.databaseFreeStorageGB * 1024 ** 3;

const deadLetters = ofQueue(jobsDeadLetter, "ApproximateNumberOfMessagesVisible");
// Every call of it is a letter; one that it cannot write down comes back, and keeps the alarm up.
const burials = ofFunction(deadLetterHandler, "Invocations");
const oldestMessage = ofQueue(jobs, "ApproximateAgeOfOldestMessage");

alarm("DeadLetters", "Nobody takes the letters off the dead-letter queue", deadLetters, 1);
alarm("DeadLetterReceived", `${limits.maxReceiveCount} deliveries of a message failed, and so does its job`, burials, 1);
alarm("QueueAge", "Jobs wait too long", oldestMessage, alarms.oldestMessageSeconds);
alarm("ApiErrors", "The API answers with 5xx", serverErrors, alarms.apiServerErrors);
alarm("ApiHandlerErrors", "The API handler crashes", errorsOf(apiHandler), functionErrors);
alarm("WorkerErrors", "The worker crashes", errorsOf(worker), functionErrors);
alarm("SweeperErrors", "Lost jobs are not found again", errorsOf(sweeper), functionErrors);
alarm("RotatorErrors", "A password of the database is not changed", errorsOf(rotator), 1);
alarm("DatabaseCpu", "The database is busy", ofDatabase("CPUUtilization"), alarms.databaseCpuPercent, 15);
alarm("DatabaseStorage", "The database is nearly full", ofDatabase("FreeStorageSpace"), freeBytes, 15, true);
