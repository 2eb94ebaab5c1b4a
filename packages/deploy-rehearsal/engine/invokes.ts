/**
 * Look-ups of the program that create nothing: regions, zones, images, policy documents.
 *
 * A result follows from the region, the account or the arguments, or the caller has given it; or it is invented, in the
 * form that the look-up's declaration gives.
 */
import { inventProperties } from "./invented.ts";
import { hex } from "./names.ts";
import { factsOf, followed, ruleOf, type Place } from "./outputs.ts";
import { policyDocument } from "./policy-document.ts";
import type { Property, ProviderTypes } from "./provider-types.ts";
import type { Properties } from "./wire.ts";

export type Invoke = (given: Properties, place: Place) => Properties;

const suffix = (region: string): string => (region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com");
const ZONES = ["a", "b", "c"];

export const INVOKES: Record<string, Invoke> = {
  "aws:ec2/getAmi:getAmi": (given, place) => {
    const id = `ami-${hex(JSON.stringify(given), 17)}`;
    return {
      ...given,
      id,
      imageId: id,
      arn: `arn:${place.partition}:ec2:${place.region}::image/${id}`,
      region: place.region,
      state: "available",
    };
  },
  "aws:iam/getPolicyDocument:getPolicyDocument": (given) => policyDocument(given),
  "aws:index/getArn:getArn": (given) => {
    const [, partition = "", service = "", region = "", account = "", ...resource] = String(given["arn"]).split(":");
    return { ...given, id: String(given["arn"]), partition, service, region, account, resource: resource.join(":") };
  },
  "aws:index/getAvailabilityZones:getAvailabilityZones": (given, { region }) => ({
    ...given,
    id: region,
    region,
    groupNames: [region],
    names: ZONES.map((zone) => region + zone),
  }),
  "aws:index/getCallerIdentity:getCallerIdentity": (_, { partition, account }) => ({
    id: account,
    accountId: account,
    arn: `arn:${partition}:iam::${account}:user/rehearsal`,
    userId: `AIDA${"REHEARSAL".padEnd(17, "0")}`,
  }),
  "aws:index/getPartition:getPartition": (_, { partition, region }) => ({
    id: partition,
    partition,
    dnsSuffix: suffix(region),
    reverseDnsPrefix: suffix(region).split(".").reverse().join("."),
  }),
  "aws:index/getRegion:getRegion": (_, { region }) => ({
    id: region,
    name: region,
    region,
    description: region,
    endpoint: `ec2.${region}.${suffix(region)}`,
  }),
};

export interface Result {
  values: Properties;
  /** Those that only the account has. */
  invented: Properties;
}

/** The result of a look-up. Results that the caller has given take precedence. */
export function invoke(
  token: string,
  given: Properties,
  place: Place,
  types: ProviderTypes,
  answers: Record<string, Properties>,
): Result {
  const answered = { ...given, ...answers[token] };
  const own = INVOKES[token];
  if (own !== undefined) return { values: { ...given, ...own(given, place), ...answered }, invented: {} };
  const seed = JSON.stringify(given);
  const declared = types.result(token);
  const { values, guessed } = ofResource(token, seed, given, place);
  const ruled = Object.entries(values).filter(([key]) => !(key in answered) && (declared?.has(key) ?? true));
  const known = { ...Object.fromEntries(ruled), ...answered };
  const invented = inventProperties({ ...place, token, seed, types }, declared ?? new Map<string, Property>(), known);
  const unsure = Object.fromEntries(ruled.filter(([key]) => guessed.includes(key)));
  return { values: { ...invented, ...known }, invented: { ...unsure, ...invented } };
}

/** The values of the rule for the look-up's resource: `aws:sqs/getQueue:getQueue` is about a queue. */
function ofResource(token: string, seed: string, given: Properties, place: Place): ReturnType<typeof followed> {
  const type = token.replace(/\bget([A-Z])/g, (_, first: string) => first);
  const [provider = "", module = "", name = ""] = type.split(":");
  const file = module.replace(/\/([A-Z])/, (_, first: string) => `/${first.toLowerCase()}`);
  const { id } = given;
  const facts = factsOf(seed, "", given, place);
  return followed(ruleOf(`${provider}:${file}:${name}`, ""), facts, typeof id === "string" ? id : null);
}
