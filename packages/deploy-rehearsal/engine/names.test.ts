import assert from "node:assert/strict";
import { test } from "node:test";
import { hex, pick, settledName, urnOf, uuid } from "./names.ts";

test("a URN contains the types of the parents, except the stack", () => {
  const stack = urnOf("app", "dev", null, "pulumi:pulumi:Stack", "app-dev");
  assert.equal(stack, "urn:pulumi:dev::app::pulumi:pulumi:Stack::app-dev");
  const queue = urnOf("app", "dev", stack, "sst:aws:Queue", "Jobs");
  assert.equal(queue, "urn:pulumi:dev::app::sst:aws:Queue::Jobs");
  assert.equal(
    urnOf("app", "dev", queue, "aws:sqs/queue:Queue", "JobsQueue"),
    "urn:pulumi:dev::app::sst:aws:Queue$aws:sqs/queue:Queue::JobsQueue",
  );
});

test("generated ids are the same for the same seed, and differ for another", () => {
  for (const make of [(seed: string) => hex(seed, 70), (seed: string) => pick(seed, 70, "abc"), uuid]) {
    assert.equal(make("one"), make("one"));
    assert.notEqual(make("one"), make("two"));
  }
  assert.equal(hex("one", 70).length, 70);
  assert.match(uuid("one"), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("the random suffix of SST is the same in every run", () => {
  const first = settledName("urn:1", "app-dev-JobsQueue-abcdefhk.fifo");
  assert.equal(first, settledName("urn:1", "app-dev-JobsQueue-zxwvutsr.fifo"));
  assert.match(first, /^app-dev-JobsQueue-[a-z]{8}\.fifo$/);
  assert.equal(settledName("urn:1", "my-own-name"), "my-own-name");
});
