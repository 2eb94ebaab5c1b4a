/** Alarms of the jobs system. */

import { alarms, functionSettings } from "../../project.config";
import { alarm, functionMetric, logMetric, logOf, queueMetric } from "../monitoring";
import { apiHandler } from "./api";
import { deadLetterHandler } from "./dead_letters";
import { jobDeadLetterQueue, jobQueue } from "./queue";
import { sweeper } from "./sweeper";
import { worker } from "./worker";

const deadLetters = queueMetric(jobDeadLetterQueue, "ApproximateNumberOfMessagesVisible");
// One invocation is one dead letter. One that cannot be recorded comes back, and keeps the alarm raised.
const receivedDeadLetters = functionMetric(deadLetterHandler, "Invocations");
const oldestMessage = queueMetric(jobQueue, "ApproximateAgeOfOldestMessage");
const failedDeliveries = `A message failed ${functionSettings.maxReceiveCount} deliveries; its job fails`;

alarm("DeadLetters", "Dead letters are not being processed", deadLetters, { atLeast: 1 });
alarm("DeadLetterReceived", failedDeliveries, receivedDeadLetters, { atLeast: 1 });
alarm("QueueAge", "Jobs wait too long in the queue", oldestMessage, { atLeast: alarms.oldestMessageSeconds });

const foreignObjects = logMetric("ForeignObjects", logOf(worker), '{ $.message = "result has a foreign object" }');
alarm("ForeignResult", "The bucket has an object that no worker wrote", foreignObjects, { atLeast: 1 });

/** Failed model calls, by the class of models/errors.py. */
const failedCalls = (name: string, errorType: string) =>
  logMetric(name, logOf(worker), `{ $.message = "model call failed" && $.error_type = "${errorType}" }`);

alarm("ModelThrottles", "Bedrock throttles the models, and jobs wait", failedCalls("ModelThrottled", "ModelThrottled"), {
  atLeast: alarms.modelThrottles,
  minutes: 15,
});
const deniedCalls = failedCalls("ModelAccessDenied", "ModelAccessDenied");
alarm("ModelAccessDenials", "Bedrock denies a model to the worker, and its jobs fail", deniedCalls, { atLeast: 1 });

const spentPercent = logMetric("SpentPercent", logOf(sweeper), '{ $.message = "spent today" }', "$.spent_percent");
alarm("DailySpend", "The day's money is nearly spent", spentPercent, { atLeast: alarms.dailySpendPercent });

const tooManyErrors = { atLeast: alarms.functionErrors };
alarm("ApiHandlerErrors", "The API handler fails", functionMetric(apiHandler, "Errors"), tooManyErrors);
alarm("WorkerErrors", "The worker fails", functionMetric(worker, "Errors"), tooManyErrors);
alarm("SweeperErrors", "Lost jobs are not re-enqueued", functionMetric(sweeper, "Errors"), tooManyErrors);
