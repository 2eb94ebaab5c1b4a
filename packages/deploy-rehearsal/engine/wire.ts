/**
 * Pulumi's wire format of values, and their form in a graph.
 *
 * A secret, an output, an asset and a reference to a resource each travel as an object under one signature key.
 * No value is unknown: the engine answers every output.
 */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const ASSET = "c44067f5952c0a294b673a41bacd8c17";
const ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7";
const REFERENCE = "5cf8f73096256a8f31e491e813e4eb8e";

export const SECRET_MARKER = "[secret]";

export type Value = null | boolean | number | string | Value[] | { [key: string]: Value };
export type Properties = { [key: string]: Value };

export function isObject(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function secret(value: Value): Properties {
  return { [SIGNATURE]: SECRET, value };
}

export function isSecret(value: Value | undefined): boolean {
  return isObject(value) && value[SIGNATURE] === SECRET;
}

/** The value without wrappers, as a provider would receive it. */
export function plain(value: Value | undefined): Value {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  switch (value[SIGNATURE]) {
    case undefined:
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
    case SECRET:
      return plain(value["value"]);
    case OUTPUT:
      return plain(value["value"]);
    case REFERENCE:
      return { resource: value["urn"] ?? null, id: plain(value["id"]) };
    case ASSET:
    case ARCHIVE:
      return assetOf(value);
    default:
      throw new Error(`a value has an unknown signature: ${String(value[SIGNATURE])}`);
  }
}

/** The value with the id of each resource in it, or the URN of a component, as Pulumi gives it to providers. */
export function withIds(value: Value): Value {
  if (Array.isArray(value)) return value.map(withIds);
  if (!isObject(value)) return value;
  if (value[SIGNATURE] === REFERENCE) return plain(value["id"]) || (value["urn"] ?? null);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withIds(inner)]));
}

/** The shortest secret, in characters. A lower limit would treat plain words and numbers as secrets. */
const SHORTEST_SECRET = 8;

/**
 * Removes secrets from values.
 *
 * Pulumi wraps everything that is computed from a secret: a whole environment for one entry, sometimes the ARN of a
 * function with such an environment. So a wrapper alone does not identify a secret. A text that is wrapped by itself
 * is one, unless it was public before. Other wrapped values are shown with the known secrets in them replaced. If a
 * value contains none, it is hidden as a whole.
 */
export class Redactor {
  readonly #secrets = new Set<string>();
  readonly #public = new Set<string>();
  /** Public texts that were later wrapped. They explain the wrapper of a value that contains them. */
  readonly #tainted = new Set<string>();

  learn(value: Value | undefined): void {
    if (isSecret(value)) this.add(plain(value));
    else if (Array.isArray(value)) value.forEach((inner) => this.learn(inner));
    else if (isObject(value)) Object.values(value).forEach((inner) => this.learn(inner));
  }

  add(value: Value): void {
    if (typeof value !== "string" || value.length < SHORTEST_SECRET) return;
    if (this.#public.has(value)) this.#tainted.add(value);
    else if (!this.#explained(value)) this.#secrets.add(value);
  }

  /** Records the unwrapped texts of a value as public. */
  publish(value: Value | undefined): void {
    if (typeof value === "string" && !this.#secrets.has(value)) this.#public.add(value);
    else if (Array.isArray(value)) value.forEach((inner) => this.publish(inner));
    else if (isObject(value) && !isSecret(value)) Object.values(value).forEach((inner) => this.publish(inner));
  }

  show(value: Value | undefined): Value {
    if (value === undefined) return null;
    if (typeof value === "string") return this.#replace(value);
    if (Array.isArray(value)) return value.map((inner) => this.show(inner));
    if (!isObject(value)) return value;
    switch (value[SIGNATURE]) {
      case undefined:
        return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.show(inner)]));
      case SECRET:
        return this.#showSecret(value["value"] ?? null);
      case OUTPUT:
        return this.show(value["value"]);
      default:
        return this.show(plain(value));
    }
  }

  #showSecret(value: Value): Value {
    if (value === null) return null;
    return this.#explained(JSON.stringify(plain(value))) ? this.show(value) : SECRET_MARKER;
  }

  #explained(text: string): boolean {
    return [...this.#secrets, ...this.#tainted].some((known) => text.includes(known) || text.includes(escaped(known)));
  }

  #replace(text: string): string {
    let shown = text;
    for (const known of this.#secrets) {
      shown = shown.replaceAll(known, SECRET_MARKER).replaceAll(escaped(known), SECRET_MARKER);
    }
    return shown;
  }
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function assetOf(value: Properties): Value {
  const kind = value[SIGNATURE] === ASSET ? "asset" : "archive";
  if ("path" in value) return { [kind]: { path: value["path"] ?? null } };
  if ("uri" in value) return { [kind]: { uri: value["uri"] ?? null } };
  if ("text" in value) return { [kind]: { text: value["text"] ?? null } };
  return { [kind]: { assets: plain(value["assets"]) } };
}
