/** Rules for SST's other providers besides AWS, and for SST's dynamic resources. */
import { createHash } from "node:crypto";
import { DIGITS, hex, LOWER, pick, UPPER, uuid } from "./names.ts";
import type { Facts, Rule } from "./outputs.ts";

const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";

function number(facts: Facts, input: string, otherwise: number): number {
  const value = facts.inputs[input];
  return typeof value === "number" ? value : otherwise;
}

/** A text of the requested length and characters, the same in every rehearsal. */
function randomText(facts: Facts): string {
  const on = (input: string): boolean => facts.inputs[input] !== false;
  const special = facts.text("overrideSpecial") || SPECIAL;
  const alphabet =
    (on("upper") ? UPPER : "") +
    (on("lower") ? LOWER : "") +
    (on("numeric") && on("number") ? DIGITS : "") +
    (on("special") ? special : "");
  return pick(facts.urn, number(facts, "length", 16), alphabet);
}

function bytes(seed: string, length: number): Buffer {
  return Buffer.from(hex(seed, 2 * length), "hex");
}

const FLAGS = { lower: true, upper: true, numeric: true, number: true, special: true };
const LEAST = { minLower: 0, minNumeric: 0, minSpecial: 0, minUpper: 0 };

export const OTHER_TYPES: Record<string, Rule> = {
  // Not a real secret, but treated as one.
  "random:index/randomPassword:RandomPassword": (facts) => ({
    ...FLAGS,
    ...LEAST,
    ...facts.inputs,
    id: "none",
    result: { secret: randomText(facts) },
    bcryptHash: { secret: `$2a$10$${pick(facts.urn, 53, LOWER + DIGITS)}` },
  }),
  "random:index/randomString:RandomString": (facts) => {
    const result = randomText(facts);
    return { ...FLAGS, ...LEAST, ...facts.inputs, id: result, result };
  },
  "random:index/randomId:RandomId": (facts) => {
    const value = bytes(facts.urn, number(facts, "byteLength", 8));
    const prefix = facts.text("prefix");
    const b64Url = value.toString("base64url");
    return {
      id: b64Url,
      b64Url: prefix + b64Url,
      b64Std: prefix + value.toString("base64"),
      hex: prefix + value.toString("hex"),
      dec: prefix + BigInt(`0x${value.toString("hex")}`).toString(),
    };
  },
  "random:index/randomBytes:RandomBytes": (facts) => {
    // The same on all stages: SST encrypts a file in each artifact with such a key, and so they stay the same too.
    const value = bytes(facts.logicalName, number(facts, "length", 8));
    return { id: "none", base64: { secret: value.toString("base64") }, hex: { secret: value.toString("hex") } };
  },
  "random:index/randomUuid:RandomUuid": (facts) => ({ id: uuid(facts.urn), result: uuid(facts.urn) }),
  "random:index/randomPet:RandomPet": (facts) => {
    const id = [facts.text("prefix"), "pet", pick(facts.urn, 6, LOWER)]
      .filter(Boolean)
      .join(facts.text("separator") || "-");
    return { id, length: 2, separator: "-" };
  },
  "random:index/randomInteger:RandomInteger": (facts) => {
    const least = number(facts, "min", 0);
    const result = least + (parseInt(hex(facts.urn, 8), 16) % (number(facts, "max", least) - least + 1));
    return { id: String(result), result };
  },
  "tls:index/privateKey:PrivateKey": (facts) => ({
    ecdsaCurve: "P224",
    rsaBits: 2048,
    ...facts.inputs,
    id: hex(facts.urn, 40),
    privateKeyPem: { secret: `-----BEGIN PRIVATE KEY-----\n${hex(facts.urn, 64)}\n-----END PRIVATE KEY-----\n` },
    privateKeyPemPkcs8: { secret: `-----BEGIN PRIVATE KEY-----\n${hex(facts.urn, 64)}\n-----END PRIVATE KEY-----\n` },
    privateKeyOpenssh: {
      secret: `-----BEGIN OPENSSH PRIVATE KEY-----\n${hex(facts.urn, 64)}\n-----END OPENSSH PRIVATE KEY-----\n`,
    },
    publicKeyPem: `-----BEGIN PUBLIC KEY-----\n${hex(facts.urn, 64)}\n-----END PUBLIC KEY-----\n`,
    publicKeyOpenssh: `ssh-rsa ${Buffer.from(hex(facts.urn, 64)).toString("base64")}\n`,
    publicKeyFingerprintMd5: (hex(facts.urn, 32).match(/../g) ?? []).join(":"),
    publicKeyFingerprintSha256: `SHA256:${createHash("sha256").update(facts.urn).digest("base64").replace(/=+$/, "")}`,
  }),
};

const acknowledged: Rule = (facts) => ({ id: hex(facts.urn, 16) });

/** Dynamic resources of SST by the last part of their name. SST runs their code through its command line. */
export const DYNAMIC_TYPES: Record<string, Rule> = {
  "sst.aws.BucketFiles": acknowledged,
  "sst.aws.DistributionDeploymentWaiter": (facts) => ({ id: hex(facts.urn, 16), isDone: true }),
  "sst.aws.DistributionInvalidation": acknowledged,
  "sst.aws.FunctionEnvironmentUpdate": acknowledged,
  "sst.aws.HostedZoneLookup": (facts) => ({
    id: hex(facts.urn, 16),
    zoneId: `Z${pick(facts.urn, 20, UPPER + DIGITS)}`,
  }),
  "sst.aws.KvKeys": acknowledged,
  "sst.aws.KvRoutesUpdate": acknowledged,
  "sst.aws.OriginAccessControl": (facts) => ({ id: `E${pick(facts.urn, 13, UPPER + DIGITS)}` }),
  "sst.aws.RdsRoleLookup": acknowledged,
  "sst.aws.VectorTable": acknowledged,
};
