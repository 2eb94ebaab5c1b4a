/** The job queue and its dead-letter queue. */

import { functionSettings } from "../../project.config";

const { maxReceiveCount, messageRetentionSeconds, visibilityTimeoutSeconds, deadLetterVisibilityTimeoutSeconds } =
  functionSettings;

/** Attributes that sst.aws.Queue has no argument for. */
const queue: aws.sqs.QueueArgs = { messageRetentionSeconds, sqsManagedSseEnabled: true };

/** It has no dead-letter queue itself: a message that cannot be recorded comes back until it can. */
export const jobDeadLetterQueue = new sst.aws.Queue("JobsDeadLetter", {
  visibilityTimeout: `${deadLetterVisibilityTimeoutSeconds} seconds`,
  transform: { queue },
});

export const jobQueue = new sst.aws.Queue("Jobs", {
  visibilityTimeout: `${visibilityTimeoutSeconds} seconds`,
  dlq: { queue: jobDeadLetterQueue.arn, retry: maxReceiveCount },
  transform: { queue },
});

for (const [name, { arn, url }] of Object.entries({ JobsDeadLetter: jobDeadLetterQueue, Jobs: jobQueue })) {
  new aws.sqs.QueuePolicy(`${name}TlsOnly`, {
    queueUrl: url,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: "*",
          Action: "sqs:*",
          Resource: arn,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    }),
  });
}
