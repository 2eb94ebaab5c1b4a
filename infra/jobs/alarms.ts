/** Alarms of the jobs system. */

import { alarms, functionSettings } from "../../project.config";
import { alarm, functionMetric, logMetric, queueMetric } from "../monitoring";
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

const foreignObjects = logMetric("ForeignObjects", worker, "result has a foreign object");
alarm("ForeignResult", "The bucket has an object that no worker wrote", foreignObjects, { atLeast: 1 });

const tooManyErrors = { atLeast: alarms.functionErrors };
alarm("ApiHandlerErrors", "The API handler fails", functionMetric(apiHandler, "Errors"), tooManyErrors);
alarm("WorkerErrors", "The worker fails", functionMetric(worker, "Errors"), tooManyErrors);
alarm("SweeperErrors", "Lost jobs are not re-enqueued", functionMetric(sweeper, "Errors"), tooManyErrors);
