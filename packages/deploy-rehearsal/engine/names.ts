/** Names and ids that the cloud would choose. A resource gets the same ones in every rehearsal. */
import { createHash } from "node:crypto";

export function digest(...parts: string[]): string {
  return createHash("sha256").update(parts.join("\u0000")).digest("hex");
}

export function hex(seed: string, length: number): string {
  let text = "";
  for (let round = 0; text.length < length; round += 1) text += digest(seed, String(round));
  return text.slice(0, length);
}

export function pick(seed: string, length: number, alphabet: string): string {
  if (alphabet === "") throw new Error("no characters to pick from");
  let text = "";
  for (let round = 0; text.length < length; round += 1) {
    for (const byte of createHash("sha256").update(`${seed}\u0000${round}`).digest()) {
      text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text.slice(0, length);
}

export const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
export const LOWER = UPPER.toLowerCase();
export const DIGITS = "0123456789";

export function uuid(seed: string): string {
  const digits = hex(seed, 32);
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20),
  ].join("-");
}

const STACK_TYPE = "pulumi:pulumi:Stack";

/** The URN of a resource. The types of its parents, except the stack, come before its own type. */
export function urnOf(app: string, stage: string, parent: string | null, type: string, name: string): string {
  const parentTypes = parent === null ? "" : parent.split("::")[2] ?? "";
  const qualified = parentTypes === "" || parentTypes === STACK_TYPE ? type : `${parentTypes}$${type}`;
  return `urn:pulumi:${stage}::${app}::${qualified}::${name}`;
}

const SST_SUFFIX_ALPHABET = "abcdefhkmnorstuvwxz";
const SST_SUFFIX = new RegExp(`-[${SST_SUFFIX_ALPHABET}]{8}(?=(\\.fifo)?$)`);

/**
 * The physical name with a fixed suffix. SST appends a random suffix of eight characters in every run, and makes Pulumi
 * ignore the change, so that the suffix of the first deploy stays.
 */
export function settledName(urn: string, name: string): string {
  return name.replace(SST_SUFFIX, `-${pick(urn, 8, SST_SUFFIX_ALPHABET)}`);
}
