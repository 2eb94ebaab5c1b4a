import assert from "node:assert/strict";
import { test } from "node:test";
import { policyDocument } from "./policy-document.ts";
import type { Properties } from "./wire.ts";

function parsed(document: Properties): Properties {
  return JSON.parse(String(document["json"])) as Properties;
}

test("a policy has both its JSON and its statements", () => {
  const document = policyDocument({ statements: [{ actions: ["sqs:SendMessage"], resources: ["arn:1", "arn:2"] }] });
  assert.deepEqual(parsed(document), {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "sqs:SendMessage", Resource: ["arn:1", "arn:2"] }],
  });
  assert.deepEqual(document["statements"], [
    { effect: "Allow", actions: ["sqs:SendMessage"], resources: ["arn:1", "arn:2"] },
  ]);
  assert.deepEqual(JSON.parse(String(document["minifiedJson"])), parsed(document));
});

test("a policy without statements has no statement list, which SST treats as no policy", () => {
  assert.ok(!("statements" in policyDocument({ statements: [] })));
});

test("principals and conditions are grouped by type", () => {
  const document = policyDocument({
    statements: [
      {
        sid: "One",
        effect: "Deny",
        notActions: ["s3:GetObject"],
        principals: [
          { type: "Service", identifiers: ["lambda.amazonaws.com"] },
          { type: "AWS", identifiers: ["arn:1"] },
          { type: "AWS", identifiers: ["arn:2"] },
        ],
        conditions: [
          { test: "Bool", variable: "aws:SecureTransport", values: ["false"] },
          { test: "Bool", variable: "aws:ViaAWSService", values: ["true", "false"] },
        ],
      },
      { actions: ["*"], principals: [{ type: "*", identifiers: ["*"] }] },
    ],
  });
  assert.deepEqual(parsed(document)["Statement"], [
    {
      Sid: "One",
      Effect: "Deny",
      NotAction: "s3:GetObject",
      Principal: { Service: "lambda.amazonaws.com", AWS: ["arn:1", "arn:2"] },
      Condition: { Bool: { "aws:SecureTransport": "false", "aws:ViaAWSService": ["true", "false"] } },
    },
    { Effect: "Allow", Action: "*", Principal: "*" },
  ]);
});

test("source documents are merged, and overriding documents replace statements by Sid", () => {
  const document = policyDocument({
    statements: [{ sid: "Mine", actions: ["a:B"] }],
    sourcePolicyDocuments: [JSON.stringify({ Statement: { Sid: "Theirs", Effect: "Allow", Action: "c:D" } })],
    overridePolicyDocuments: [JSON.stringify({ Statement: [{ Sid: "Mine", Effect: "Deny", Action: "a:B" }] })],
  });
  assert.deepEqual(parsed(document)["Statement"], [
    { Sid: "Theirs", Effect: "Allow", Action: "c:D" },
    { Sid: "Mine", Effect: "Deny", Action: "a:B" },
  ]);
});
