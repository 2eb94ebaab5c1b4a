/** The results' bucket. SST blocks public access and refuses requests without TLS. */

import { stage } from "./stage";

const { keepDays, keepOldVersionsDays } = stage.results;

export const results = new sst.aws.Bucket("Results", {
  versioning: true,
  cors: false,
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
      expiration: { days: keepDays },
      noncurrentVersionExpiration: { noncurrentDays: keepOldVersionsDays },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
    },
    {
      // In a versioned bucket what expires leaves a marker behind; S3 takes no rule that does both.
      id: "ExpireMarkers",
      status: "Enabled",
      filter: { prefix: "results/" },
      expiration: { expiredObjectDeleteMarker: true },
    },
  ],
});
