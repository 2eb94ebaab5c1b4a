import assert from "node:assert/strict";
import { test } from "node:test";
import { invoke, UnknownInvoke } from "./invokes.ts";

const place = { account: "111122223333", region: "eu-west-1", partition: "aws", defaultTags: {} };

test("a look-up that follows from the region is answered", () => {
  assert.equal(invoke("aws:index/getRegion:getRegion", {}, place, {})["region"], "eu-west-1");
  assert.equal(invoke("aws:index/getRegion:getRegion", {}, place, {})["name"], "eu-west-1");
  assert.equal(invoke("aws:index/getCallerIdentity:getCallerIdentity", {}, place, {})["accountId"], "111122223333");
  assert.equal(invoke("aws:index/getPartition:getPartition", {}, place, {})["dnsSuffix"], "amazonaws.com");
  assert.deepEqual(invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {}, place, {})["names"], [
    "eu-west-1a",
    "eu-west-1b",
    "eu-west-1c",
  ]);
  const arn = invoke("aws:index/getArn:getArn", { arn: "arn:aws:rds:eu-west-1:111122223333:db:mine" }, place, {});
  assert.deepEqual([arn["service"], arn["resource"]], ["rds", "db:mine"]);
});

test("a look-up that only the cloud can answer fails with instructions", () => {
  assert.throws(
    () => invoke("aws:route53/getZone:getZone", { name: "example.com" }, place, {}),
    (error: Error) => {
      assert.ok(error instanceof UnknownInvoke);
      assert.match(error.message, /aws:route53\/getZone:getZone/);
      assert.match(error.message, /--answers/);
      assert.match(error.message, /engine\/invokes\.ts/);
      return true;
    },
  );
});

test("a given answer is used", () => {
  const token = "aws:route53/getZone:getZone";
  assert.deepEqual(invoke(token, { name: "example.com" }, place, { [token]: { zoneId: "Z1" } }), {
    name: "example.com",
    zoneId: "Z1",
  });
});
