/**
 * Look-ups of the program that create nothing: regions, zones, images, policy documents.
 *
 * A look-up whose result follows from the region, the account or the arguments is answered. Any other one fails, unless
 * the caller has given its result.
 */
import { hex } from "./names.ts";
import type { Place } from "./outputs.ts";
import { policyDocument } from "./policy-document.ts";
import type { Properties } from "./wire.ts";

export type Invoke = (given: Properties, place: Place) => Properties;

export class UnknownInvoke extends Error {
  constructor(token: string) {
    super(
      `The rehearsal cannot answer ${token}: only the cloud knows the result. ` +
        `Give the answer in the file of --answers, under "invokes"; if it follows from the arguments alone, ` +
        `add it to engine/invokes.ts.`,
    );
  }
}

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

/** The result of a look-up. Results that the caller has given take precedence. */
export function invoke(
  token: string,
  given: Properties,
  place: Place,
  answers: Record<string, Properties>,
): Properties {
  const known = answers[token];
  if (known !== undefined) return { ...given, ...known };
  const answer = INVOKES[token];
  if (answer === undefined) throw new UnknownInvoke(token);
  return answer(given, place);
}
