/**
 * The outputs of a registered resource: its inputs, the values of a rule in `aws-types.ts` or `other-types.ts`, and
 * invented values for every other output that the provider always gives. The graph names the invented ones.
 */
import { AWS_TYPES } from "./aws-types.ts";
import { inventId, inventProperties } from "./invented.ts";
import { hex } from "./names.ts";
import { DYNAMIC_TYPES, OTHER_TYPES } from "./other-types.ts";
import type { Property, ProviderTypes } from "./provider-types.ts";
import { tagsOfExisting } from "./sst-tags.ts";
import { isObject, isSecret, plain, secret, type Properties, type Value } from "./wire.ts";

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
  /** Null for a component. */
  id: string | null;
  outputs: Properties;
  /** The outputs that the cloud would choose. */
  made: Properties;
  /** Those that are made up, and "id" if it is. */
  invented: Properties;
}

export type Rule = (facts: Facts) => { id: string } & Properties;

/** Outputs that no rule can know, given for one app: by type, or by `type::name`. */
export type ResourceAnswers = Record<string, Properties>;

const DYNAMIC_TYPE = "pulumi-nodejs:dynamic:Resource";

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

export interface Asked {
  urn: string;
  type: string;
  name: string;
  inputs: Properties;
  /** The id of an existing resource that the program reads; otherwise null. */
  read: string | null;
}

export function answer(asked: Asked, place: Place, types: ProviderTypes, given: ResourceAnswers): Answer {
  const { urn, type, name, read } = asked;
  const facts = factsOf(urn, name, plain(asked.inputs) as Properties, place);
  const answered = { ...given[type], ...given[`${type}::${name}`] };
  const { values, guessed } = followed(ruleOf(type, name), facts, read);
  const tagged = read === null ? {} : { tagsAll: tagsOfExisting(type, facts) };
  const { id, ...known } = { ...tagged, ...values, ...answered } as Properties;
  const outputs: Properties = { ...asked.inputs, ...secrets(known) };
  const declared = types.outputs(type) ?? new Map<string, Property>();
  for (const output of declared.keys()) {
    const value = output in outputs ? undefined : common(output, type, facts);
    if (value !== undefined) outputs[output] = value;
  }
  const subject = { ...placeOf(facts.inputs, place), token: type, seed: urn, types };
  const invented = inventProperties(subject, declared, outputs);
  const own = typeof id === "string" ? id : inventId(subject);
  // The rule of a new resource is as good as the truth: its random parts have no meaning to a check.
  const unsure = read === null ? [] : guessed.filter((output) => !(output in answered));
  return {
    id: read ?? own,
    outputs: { ...outputs, ...invented },
    made: { ...secrets(known), ...invented },
    invented: {
      ...Object.fromEntries(unsure.map((output) => [output, outputs[output] ?? null])),
      ...invented,
      ...(read === null && own !== id ? { id: own } : {}),
    },
  };
}

/**
 * The values of a rule for something that may exist, with its id wherever the rule uses the one that it made.
 * Guessed are those that do not follow from the inputs and the id.
 */
export function followed(
  rule: Rule | undefined,
  facts: Facts,
  existing: string | null,
): { values: Properties; guessed: string[] } {
  const values = withId(rule?.(facts) ?? {}, existing);
  const others = withId(rule?.(renamed(facts)) ?? {}, existing);
  const guessed = Object.keys(values).filter((key) => JSON.stringify(values[key]) !== JSON.stringify(others[key]));
  return { values, guessed };
}

/** The same facts for a resource of another name. */
function renamed({ inputs, logicalName, urn, ...place }: Facts): Facts {
  return factsOf(`${urn}?`, `${logicalName}?`, inputs, place);
}

function withId(ruled: Properties, id: string | null): Properties {
  const made = ruled["id"];
  if (id === null || typeof made !== "string" || made === "") return ruled;
  return JSON.parse(JSON.stringify(ruled).replaceAll(JSON.stringify(made).slice(1, -1), id)) as Properties;
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
