import assert from "node:assert/strict";
import { test } from "node:test";
import { plain, Redactor, secret, SECRET_MARKER, withIds, type Value } from "./wire.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";
const PASSWORD = "correct horse battery";

test("every wrapper is removed", () => {
  const wrapped: Value = {
    secret: secret({ deep: [secret(1)] }),
    output: { [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", value: "known", dependencies: [] },
    archive: { [SIGNATURE]: "0def7320c3a5731c473e5ecbe6d01bc7", path: "code.zip" },
    text: { [SIGNATURE]: "c44067f5952c0a294b673a41bacd8c17", text: "hello" },
    resource: { [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "urn:1", id: "id-1", packageVersion: "" },
  };
  assert.deepEqual(plain(wrapped), {
    secret: { deep: [1] },
    output: "known",
    archive: { archive: { path: "code.zip" } },
    text: { asset: { text: "hello" } },
    resource: { resource: "urn:1", id: "id-1" },
  });
});

test("a provider is given the id of a resource, and the URN of a component", () => {
  const reference = (id: string): Value => ({ [SIGNATURE]: "5cf8f73096256a8f31e491e813e4eb8e", urn: "urn:1", id });
  assert.deepEqual(withIds({ a: [reference("id-1")], b: secret({ c: reference("") }), d: 1 }), {
    a: ["id-1"],
    b: secret({ c: "urn:1" }),
    d: 1,
  });
});

test("an unknown signature is an error", () => {
  assert.throws(() => plain({ [SIGNATURE]: "another" }), /unknown signature: another/);
});

test("a secret is hidden as a value, within a text, and escaped in JSON", () => {
  const redactor = new Redactor();
  const odd = 'quo"te and back\\slash';
  redactor.learn({ password: secret(PASSWORD), odd: secret(odd) });
  const shown = redactor.show({
    wrapped: secret(PASSWORD),
    url: `db://u:${PASSWORD}@host`,
    json: JSON.stringify({ odd }),
  });
  assert.deepEqual(shown, {
    wrapped: SECRET_MARKER,
    url: `db://u:${SECRET_MARKER}@host`,
    json: `{"odd":"${SECRET_MARKER}"}`,
  });
});

test("an environment that is wrapped for one secret keeps its other entries", () => {
  const redactor = new Redactor();
  redactor.learn(secret(PASSWORD));
  assert.deepEqual(redactor.show({ variables: secret({ LEVEL: "info", KEY: PASSWORD }) }), {
    variables: { LEVEL: "info", KEY: SECRET_MARKER },
  });
});

test("a wrapped value without a known secret is hidden as a whole", () => {
  assert.equal(new Redactor().show(secret({ LEVEL: "info", KEY: PASSWORD })), SECRET_MARKER);
});

test("a public text stays public, and explains the wrapper of values that contain it", () => {
  const redactor = new Redactor();
  const arn = "arn:aws:lambda:eu-west-1:111122223333:function:worker";
  redactor.publish({ arn });
  redactor.learn(secret(arn));
  assert.equal(redactor.show(secret(arn)), arn);
  assert.deepEqual(redactor.show(secret({ Resource: `${arn}:*` })), { Resource: `${arn}:*` });
});

test("a text that contains a secret is not treated as a secret itself", () => {
  const redactor = new Redactor();
  redactor.learn([secret(PASSWORD), secret(`login=${PASSWORD}`)]);
  assert.equal(redactor.show(`login=${PASSWORD}`), `login=${SECRET_MARKER}`);
});
