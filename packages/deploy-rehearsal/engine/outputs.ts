/**
 * The outputs of a registered resource.
 *
 * They are its inputs, the values of a rule in `aws-types.ts` or `other-types.ts`, and Pulumi's "unknown" for every
 * other output that the provider always gives. Nothing is invented: a program that passes an unknown on to a resource
 * fails the rehearsal (see `deployment.ts`), with a message that names the type and the property.
 */
import { AWS_TYPES } from "./aws-types.ts";
import { hex } from "./names.ts";
import { DYNAMIC_TYPES, OTHER_TYPES } from "./other-types.ts";
import type { ProviderTypes } from "./provider-types.ts";
import { isObject, isSecret, plain, secret, UNKNOWN, type Properties, type Value } from "./wire.ts";

export interface Place {
  account: string;
  region: string;
  partition: string;
  defaultTags: Properties;
}

/** The facts that a rule can use. */
export interface Facts extends Place {
  urn: string;
  /** The name of the resource in the program. */
  logicalName: string;
  /** The inputs without Pulumi's wrappers. */
  inputs: Properties;
  text(input: string): string;
  /** The value of `name` or of the given input; without one, a name as Pulumi would generate. */
  name(input?: string): string;
  arn(service: string, resource: string): string;
}

export interface Answer {
  id: string | null;
  outputs: Properties;
  /** The outputs that the cloud would choose. */
  made: Properties;
  /** Optional outputs that have no value. */
  absent: string[];
}

export type Rule = (facts: Facts) => { id: string } & Properties;

/** Outputs that no rule can know, given for one app: by type, or by `type::name`. */
export type ResourceAnswers = Record<string, Properties>;

export const DYNAMIC_TYPE = "pulumi-nodejs:dynamic:Resource";

/** The place with the region of the inputs, if they have one: it overrides the provider's. */
export function placeOf(inputs: Properties, place: Place): Place {
  const region = inputs["region"];
  return typeof region === "string" ? { ...place, region } : place;
}

export function factsOf(urn: string, logicalName: string, inputs: Properties, providerPlace: Place): Facts {
  const place = placeOf(inputs, providerPlace);
  const text = (input: string): string => {
    const value = inputs[input];
    return typeof value === "string" ? value : "";
  };
  return {
    ...place,
    urn,
    logicalName,
    inputs,
    text,
    name: (input = "name") => text(input) || `${text(`${input}Prefix`) || `${logicalName}-`}${hex(urn, 7)}`,
    arn: (service, resource) => `arn:${place.partition}:${service}:${place.region}:${place.account}:${resource}`,
  };
}

export function ruleOf(type: string, name: string): Rule | undefined {
  if (type === DYNAMIC_TYPE) return DYNAMIC_TYPES[name.slice(name.lastIndexOf(".sst.") + 1)];
  return AWS_TYPES[type] ?? OTHER_TYPES[type];
}

export function answer(
  resource: { urn: string; type: string; name: string; inputs: Properties },
  place: Place,
  types: ProviderTypes,
  given: ResourceAnswers,
): Answer {
  const { urn, type, name } = resource;
  const inputs = plain(resource.inputs) as Properties;
  const facts = factsOf(urn, name, inputs, place);
  const { id, ...ruled } = {
    ...ruleOf(type, name)?.(facts),
    ...given[type],
    ...given[`${type}::${name}`],
  } as Properties;
  const made = secrets(ruled);
  const outputs: Properties = { ...resource.inputs, ...made };
  const absent: string[] = [];
  for (const [output, always] of types.of(type)?.outputs ?? []) {
    if (output in outputs) continue;
    const value = common(output, type, facts);
    if (value !== undefined) outputs[output] = value;
    else if (always) outputs[output] = UNKNOWN;
    else absent.push(output);
  }
  return { id: typeof id === "string" ? id : null, outputs, made, absent };
}

/** The value of an output that all types of the AWS provider have. */
function common(output: string, type: string, facts: Facts): Value | undefined {
  if (!type.startsWith("aws:")) return undefined;
  if (output === "region") return facts.region;
  if (output === "name") return facts.name();
  if (output !== "tagsAll") return undefined;
  const own = facts.inputs["tags"];
  return { ...facts.defaultTags, ...(isObject(own) ? own : {}) };
}

/** Wraps the outputs that a rule marks as secret with `{secret: value}`. */
function secrets(ruled: Properties): Properties {
  return Object.fromEntries(
    Object.entries(ruled).map(([key, value]) => {
      if (!isObject(value) || isSecret(value) || Object.keys(value).join() !== "secret") return [key, value];
      return [key, secret(value["secret"] ?? null)];
    }),
  );
}
