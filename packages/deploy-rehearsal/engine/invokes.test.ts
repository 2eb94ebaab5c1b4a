import assert from "node:assert/strict";
import { test } from "node:test";
import { invoke } from "./invokes.ts";
import { parseProperties, ProviderTypes, type Declaration } from "./provider-types.ts";
import type { Properties } from "./wire.ts";

const place = { account: "111122223333", region: "eu-west-1", partition: "aws", defaultTags: {} };

class Zones extends ProviderTypes {
  constructor() {
    super("");
  }

  override result(token: string): Declaration | null {
    return token === ZONE ? parseProperties("    readonly name: string;\n    readonly zoneId: string;") : null;
  }
}

const ZONE = "aws:route53/getZone:getZone";

function ask(token: string, given: Properties = {}, answers: Record<string, Properties> = {}) {
  return invoke(token, given, place, new Zones(), answers);
}

test("a look-up that follows from the region is answered", () => {
  assert.equal(ask("aws:index/getRegion:getRegion", {}).values["region"], "eu-west-1");
  assert.equal(ask("aws:index/getRegion:getRegion", {}).values["name"], "eu-west-1");
  assert.equal(ask("aws:index/getCallerIdentity:getCallerIdentity", {}).values["accountId"], "111122223333");
  assert.equal(ask("aws:index/getPartition:getPartition", {}).values["dnsSuffix"], "amazonaws.com");
  assert.deepEqual(ask("aws:index/getAvailabilityZones:getAvailabilityZones", {}).values["names"], [
    "eu-west-1a",
    "eu-west-1b",
    "eu-west-1c",
  ]);
  const arn = ask("aws:index/getArn:getArn", { arn: "arn:aws:rds:eu-west-1:111122223333:db:mine" }).values;
  assert.deepEqual([arn["service"], arn["resource"]], ["rds", "db:mine"]);
});

test("a look-up that only the cloud can answer has an invented result of the declared form", () => {
  const { values, invented } = ask(ZONE, { name: "example.com" });
  assert.equal(values["name"], "example.com");
  assert.match(String(values["zoneId"]), /^Z[0-9A-Z]{20}$/);
  assert.deepEqual(Object.keys(invented), ["zoneId"]);
  assert.notEqual(ask(ZONE, { name: "example.org" }).values["zoneId"], values["zoneId"]);
});

test("a given answer is used, and is not marked as invented", () => {
  const { values, invented } = ask(ZONE, { name: "example.com" }, { [ZONE]: { zoneId: "Z1" } });
  assert.deepEqual([values, invented], [{ name: "example.com", zoneId: "Z1" }, {}]);
});

test("a look-up of one resource follows the rule of its type, and what its arguments do not imply is marked", () => {
  const queue = ask("aws:sqs/getQueue:getQueue", { name: "jobs" });
  assert.equal(queue.values["arn"], "arn:aws:sqs:eu-west-1:111122223333:jobs");
  assert.deepEqual(queue.invented, {});
  const secret = ask("aws:secretsmanager/getSecret:getSecret", { name: "shared" });
  assert.match(String(secret.values["arn"]), /:secret:shared-[0-9a-z]{6}$/);
  assert.deepEqual(Object.keys(secret.invented), ["id", "arn"]);
  const vpc = ask("aws:ec2/getVpc:getVpc", { id: "vpc-1" });
  assert.equal(vpc.values["arn"], "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-1");
});
