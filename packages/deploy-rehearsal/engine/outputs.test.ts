import assert from "node:assert/strict";
import { test } from "node:test";
import { AWS_TYPES } from "./aws-types.ts";
import { DYNAMIC_TYPES, OTHER_TYPES } from "./other-types.ts";
import { answer, factsOf } from "./outputs.ts";
import { ProviderTypes, type TypeDeclaration } from "./provider-types.ts";
import { isSecret, plain, UNKNOWN, type Properties } from "./wire.ts";

const place = { account: "111122223333", region: "eu-west-1", partition: "aws", defaultTags: { team: "blue" } };

/** Declares one type, like an installed provider. */
class Declared extends ProviderTypes {
  readonly #outputs: TypeDeclaration["outputs"];

  constructor(outputs: Record<string, boolean> = {}) {
    super("");
    this.#outputs = new Map(Object.entries(outputs));
  }

  override of(): TypeDeclaration {
    return { outputs: this.#outputs };
  }
}

function ask(
  type: string,
  inputs: Properties,
  declared: Record<string, boolean> = {},
  given = {},
): ReturnType<typeof answer> {
  return answer(
    { urn: `urn:pulumi:dev::app::${type}::Mine`, type, name: "Mine", inputs },
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

test("an output without a rule is unknown, or absent if it is optional", () => {
  const { id, outputs, absent } = ask("aws:new/thing:Thing", { size: 3 }, { size: true, arn: true, note: false });
  assert.equal(id, null);
  assert.deepEqual(outputs, { size: 3, arn: UNKNOWN });
  assert.deepEqual(absent, ["note"]);
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
