import assert from "node:assert/strict";
import { test } from "node:test";
import { invent, inventId, inventProperties, type Subject } from "./invented.ts";
import { parseProperties, ProviderTypes, type Declaration } from "./provider-types.ts";

class Nested extends ProviderTypes {
  constructor() {
    super("");
  }

  override nested(_: string, name: string): Declaration | null {
    return name === "outputs.ec2.Loop" ? parseProperties("    again: outputs.ec2.Loop[];\n    size: number;") : null;
  }
}

function subject(token: string, seed = "urn:1"): Subject {
  const place = { account: "111122223333", region: "eu-west-1", partition: "aws", defaultTags: {} };
  return { ...place, token, seed, types: new Nested() };
}

const SUBNETS = "aws:ec2/getSubnets:getSubnets";

for (const [token, name, format] of [
  ["aws:ec2/vpc:Vpc", "id", /^vpc-[0-9a-f]{17}$/],
  ["aws:ec2/getVpc:getVpc", "id", /^vpc-[0-9a-f]{17}$/],
  ["aws:ec2/getSecurityGroup:getSecurityGroup", "vpcId", /^vpc-[0-9a-f]{17}$/],
  ["aws:route53/getZone:getZone", "zoneId", /^Z[0-9A-Z]{20}$/],
  ["aws:route53/getZone:getZone", "id", /^Z[0-9A-Z]{20}$/],
  ["aws:kms/getKey:getKey", "arn", /^arn:aws:kms:eu-west-1:111122223333:key\/[0-9a-f-]{36}$/],
  ["aws:sqs/getQueue:getQueue", "arn", /^arn:aws:sqs:eu-west-1:111122223333:queue\/[0-9a-z]+$/],
  ["aws:x/thing:Thing", "roleArn", /^arn:aws:iam::111122223333:role\/[0-9a-z]+$/],
  ["aws:x/thing:Thing", "bucketArn", /^arn:aws:s3:::[0-9a-z]+$/],
  ["aws:x/thing:Thing", "ownerId", /^111122223333$/],
  ["aws:opensearch/domain:Domain", "endpoint", /^[0-9a-z]{12}\.opensearch\.eu-west-1\.amazonaws\.com$/],
  ["cloud:index/thing:Thing", "url", /^https:\/\/[0-9a-z]{12}\.example\.com\/$/],
  ["aws:x/thing:Thing", "cidrBlock", /^10\.0\.0\.0\/20$/],
  ["aws:x/thing:Thing", "color", /^color-[0-9a-f]{8}$/],
] as const) {
  test(`${name} of ${token} has the format of its name, and is always the same`, () => {
    const value = invent(subject(token), name, "string");
    assert.match(String(value), format);
    assert.equal(invent(subject(token), name, "string"), value);
    if (!/ownerId|cidrBlock/.test(name)) assert.notEqual(invent(subject(token, "urn:2"), name, "string"), value);
  });
}

test("a list has two different values, as resources need that span two zones", () => {
  const [one, other, ...more] = invent(subject(SUBNETS), "ids", "string[]") as string[];
  assert.match(String(one), /^subnet-[0-9a-f]{17}$/);
  assert.notEqual(one, other);
  assert.deepEqual(more, []);
  assert.deepEqual(invent(subject(SUBNETS), "availabilityZones", "string[]"), ["eu-west-1a", "eu-west-1b"]);
});

test("structures end, also those that contain themselves", () => {
  const value = invent(subject(SUBNETS), "loop", "outputs.ec2.Loop");
  assert.match(JSON.stringify(value), /^\{"again":\[\{"again":/);
  assert.ok(JSON.stringify(value).length < 200);
});

test("every type has a value", () => {
  const plain = ["number", "boolean", "{ [key: string]: string; }"];
  for (const type of [...plain, "outputs.ec2.None", "enums.ec2.Kind", "pulumi.asset.Asset"])
    assert.notEqual(invent(subject(SUBNETS), "it", type), undefined);
  assert.equal(invent(subject(SUBNETS), "port", "number"), 443);
});

test("optional properties and given ones are left out", () => {
  const declared = parseProperties("    readonly a: string;\n    readonly b?: string;\n    readonly c: number;");
  assert.deepEqual(Object.keys(inventProperties(subject(SUBNETS), declared, { c: 3 })), ["a"]);
});

test("an id of a type that is not of EC2 is opaque", () => {
  assert.match(inventId(subject("aws:x/thing:Thing")), /^[0-9a-z]{20}$/);
});
