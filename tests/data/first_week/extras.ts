/** Additions of a team's first week: components with SST's defaults. */
const code = { handler: "pipeline/extras/events.handler", runtime: "python3.12" } as const;

export const notes = new sst.aws.Dynamo("Notes", { fields: { id: "string" }, primaryIndex: { hashKey: "id" } });
const withTable = {
  ...code,
  environment: { TABLE: notes.name },
  permissions: [{ actions: ["dynamodb:PutItem"], resources: [notes.arn] }],
};

export const thumbs = new sst.aws.Queue("Thumbs");
thumbs.subscribe(withTable);

export const uploads = new sst.aws.Bucket("Uploads");
uploads.notify({ notifications: [{ name: "OnUpload", function: withTable, events: ["s3:ObjectCreated:*"] }] });

export const nightly = new sst.aws.CronV2("Nightly", { schedule: "rate(1 day)", function: withTable });

export const news = new sst.aws.SnsTopic("News");
news.subscribe("OnNews", withTable);

export const streamer = new sst.aws.Function("Streamer", {
  ...withTable,
  url: true,
  streaming: true,
  layers: ["arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension:53"],
});
