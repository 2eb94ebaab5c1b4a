/** The bucket for results. SST blocks public access and denies requests without TLS. */

import { stage } from "../stage";

/**
 * The sweeper deletes results when their retention ends. The lifecycle is the safety net for a sweeper that is down: a
 * week later, so that no status offers a link to an object that is gone.
 */
const expireAfterDays = stage.retentionDays + 7;

/** Twice the lifetime of the API's links (300 s). Without a limit, links may be signed for up to seven days. */
const oldestLinkMilliseconds = 600_000;

export const results = new sst.aws.Bucket("Results", {
  versioning: true,
  cors: false,
  policy: [
    {
      effect: "deny",
      principals: "*",
      actions: ["s3:*"],
      conditions: [
        { test: "NumericGreaterThan", variable: "s3:signatureAge", values: [String(oldestLinkMilliseconds)] },
      ],
    },
    // Every object is written once: also a principal of this account cannot replace a result.
    {
      effect: "deny",
      principals: "*",
      actions: ["s3:PutObject"],
      paths: ["results/*"],
      conditions: [{ test: "Null", variable: "s3:if-none-match", values: ["true"] }],
    },
  ],
  transform: { bucket: { forceDestroy: stage.removal === "remove" } },
});

new aws.s3.BucketServerSideEncryptionConfiguration("ResultsEncryption", {
  bucket: results.name,
  rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
});

new aws.s3.BucketLifecycleConfiguration("ResultsLifecycle", {
  bucket: results.name,
  rules: [
    {
      id: "ExpireResults",
      status: "Enabled",
      filter: { prefix: "results/" },
      expiration: { days: expireAfterDays },
      noncurrentVersionExpiration: { noncurrentDays: 1 },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
    },
    {
      // In a versioned bucket an expired object leaves a delete marker. S3 accepts no rule that removes both.
      id: "ExpireMarkers",
      status: "Enabled",
      filter: { prefix: "results/" },
      expiration: { expiredObjectDeleteMarker: true },
    },
  ],
});
