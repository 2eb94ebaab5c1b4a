import assert from "node:assert/strict";
import { test } from "node:test";
import { AWS_TYPES } from "./aws-types.ts";
import { DYNAMIC_TYPES, OTHER_TYPES } from "./other-types.ts";
import { answer, factsOf } from "./outputs.ts";
import { ProviderTypes, type Declaration } from "./provider-types.ts";
import { isSecret, plain, type Properties } from "./wire.ts";

const place = { account: "111122223333", region: "eu-west-1", partition: "aws", defaultTags: { team: "blue" } };

/** Declares one type, like an installed provider: its outputs, true for one that always has a value. */
class Declared extends ProviderTypes {
  readonly #outputs: Declaration;

  constructor(outputs: Record<string, boolean>) {
    super("");
    const entries = Object.entries(outputs);
    this.#outputs = new Map(entries.map(([name, always]) => [name, { type: "string", optional: !always }]));
  }

  override outputs(): Declaration {
    return this.#outputs;
  }
}

function ask(
  type: string,
  inputs: Properties,
  declared: Record<string, boolean> = {},
  given = {},
  read: string | null = null,
): ReturnType<typeof answer> {
  return answer(
    { urn: `urn:pulumi:dev::app::${type}::Mine`, type, name: "Mine", inputs, read },
    place,
    new Declared(declared),
    given,
  );
}

test("a queue has a URL and an ARN in the format of SQS", () => {
  const { id, outputs } = ask("aws:sqs/queue:Queue", { name: "jobs" });
  assert.equal(id, "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs");
  assert.equal(outputs["url"], id);
  assert.equal(outputs["arn"], "arn:aws:sqs:eu-west-1:111122223333:jobs");
});

test("outputs that all types of the provider have are answered", () => {
  const { outputs } = ask("aws:new/thing:Thing", { tags: { own: "yes" } }, { region: true, name: true, tagsAll: true });
  assert.equal(outputs["region"], "eu-west-1");
  assert.match(String(outputs["name"]), /^Mine-[0-9a-f]{7}$/);
  assert.deepEqual(outputs["tagsAll"], { team: "blue", own: "yes" });
});

test("an output without a rule is invented, or absent if it is optional", () => {
  const { id, outputs, made, invented } = ask(
    "aws:new/thing:Thing",
    { size: 3 },
    { size: true, arn: true, note: false },
  );
  assert.match(String(outputs["arn"]), /^arn:aws:new:eu-west-1:111122223333:thing\/[0-9a-z]+$/);
  assert.deepEqual(Object.keys(outputs), ["size", "arn"]);
  assert.match(String(id), /^[0-9a-z]{20}$/);
  assert.deepEqual(invented, { arn: outputs["arn"], id });
  assert.equal(made["arn"], outputs["arn"]);
});

test("an existing resource has its id in the outputs that follow from it, and the others are marked", () => {
  const { id, outputs, invented } = ask("aws:s3/bucket:Bucket", {}, { arn: true, policy: true }, {}, "old-bucket");
  assert.deepEqual([id, outputs["bucket"], outputs["arn"]], ["old-bucket", "old-bucket", "arn:aws:s3:::old-bucket"]);
  assert.deepEqual(Object.keys(invented), ["policy"]);
});

test("a given answer is not marked as invented", () => {
  const type = "aws:s3/bucket:Bucket";
  const { outputs, invented } = ask(type, {}, { arn: true }, { [type]: { arn: "arn:old" } }, "old-bucket");
  assert.equal(outputs["arn"], "arn:old");
  assert.ok(!("arn" in invented));
});

test("given answers take precedence over rules, and an answer by name over one by type", () => {
  const type = "aws:sqs/queue:Queue";
  const { outputs } = ask(
    type,
    { name: "jobs" },
    {},
    { [type]: { arn: "one", url: "one" }, [`${type}::Mine`]: { url: "two" } },
  );
  assert.deepEqual([outputs["arn"], outputs["url"]], ["one", "two"]);
});

test("a random password has the requested length and characters, is always the same, and is a secret", () => {
  const make = () =>
    ask("random:index/randomPassword:RandomPassword", { length: 40, special: false, upper: false }).outputs["result"];
  assert.ok(isSecret(make()));
  assert.match(String(plain(make())), /^[a-z0-9]{40}$/);
  assert.deepEqual(make(), make());
});

for (const [type, rule] of Object.entries({ ...AWS_TYPES, ...OTHER_TYPES, ...DYNAMIC_TYPES })) {
  test(`the rule for ${type} is deterministic and leaves nothing out`, () => {
    // Every input is given, and its value is its name.
    const inputs = new Proxy<Properties>({}, { get: (_, input) => `the-${String(input)}` });
    const make = () => rule(factsOf("urn:1", "Mine", inputs, place));
    assert.deepEqual(make(), make());
    assert.notEqual(make().id, "");
    assert.doesNotMatch(JSON.stringify(make()), /undefined|NaN|\[object/);
  });
}
