/**
 * Values for outputs that only the cloud knows, of the declared type and in the format that their name promises.
 *
 * A value depends on what it is a value of, so that two rehearsals agree. The graph keeps it apart from what is known.
 */
import { DIGITS, hex, LOWER, pick, UPPER, uuid } from "./names.ts";
import type { Place } from "./outputs.ts";
import { declarationPath, type Declaration, type ProviderTypes } from "./provider-types.ts";
import type { Properties, Value } from "./wire.ts";

export interface Subject extends Place {
  /** The type of the resource, or the token of the look-up. */
  token: string;
  /** The URN of the resource, or the arguments of the look-up: equal ones get equal values. */
  seed: string;
  types: ProviderTypes;
}

/** The time of outputs such as "last modified": fixed, so that all rehearsals agree. */
export const MOMENT = "2026-01-01T00:00:00Z";

/** Structures of structures, of which the outermost are used. */
const DEPTH = 4;
/** Look-ups of subnets and zones feed resources that need two. */
const LISTED = 2;

/** Resources of EC2 and what comes before the 17 digits of their ids. */
const NUMBERED: Record<string, string> = {
  allocation: "eipalloc",
  ami: "ami",
  image: "ami",
  instance: "i",
  internetgateway: "igw",
  launchtemplate: "lt",
  managedprefixlist: "pl",
  natgateway: "nat",
  networkacl: "acl",
  networkinterface: "eni",
  prefixlist: "pl",
  routetable: "rtb",
  securitygroup: "sg",
  snapshot: "snap",
  subnet: "subnet",
  transitgateway: "tgw",
  volume: "vol",
  vpc: "vpc",
  vpcendpoint: "vpce",
  vpcpeeringconnection: "pcx",
  filesystem: "fs",
  accesspoint: "fsap",
};

/** Names in a property and the ARN that it has: service, then the part before the id. IAM and S3 have no region. */
const ARNS: [RegExp, string, string][] = [
  [/policy/i, "iam", "policy/"],
  [/role/i, "iam", "role/"],
  [/bucket/i, "s3", ""],
  [/certificate/i, "acm", "certificate/"],
  [/function|lambda/i, "lambda", "function:"],
  [/key/i, "kms", "key/"],
  [/log/i, "logs", "log-group:"],
  [/queue/i, "sqs", ""],
  [/secret/i, "secretsmanager", "secret:"],
  [/topic/i, "sns", ""],
];
const GLOBAL = new Set(["iam", "s3", "cloudfront", "route53"]);

/** All declared properties that always have a value, except the given ones. */
export function inventProperties(subject: Subject, declared: Declaration, given: Properties, depth = 0): Properties {
  const values: Properties = {};
  for (const [name, { type, optional }] of declared) {
    if (!optional && !(name in given)) values[name] = invent(subject, name, type, depth);
  }
  return values;
}

/** A value of a type, for a property of that name. */
export function invent(subject: Subject, name: string, type: string, depth = 0): Value {
  const item = /^([\s\S]+)\[\]$/.exec(type)?.[1];
  if (item !== undefined) {
    const one = singular(name);
    if (item !== "string") return depth < DEPTH ? [invent(subject, one, item, depth)] : [];
    const nth = (_: unknown, index: number): Value => text({ ...subject, seed: `${subject.seed}${index}` }, one, index);
    return Array.from({ length: LISTED }, nth);
  }
  if (type === "string" || type.startsWith("enums.")) return text(subject, name);
  if (type === "number") return /port$/i.test(name) ? 443 : 1;
  if (type === "boolean") return false;
  if (type.startsWith("outputs.")) {
    const declared = depth < DEPTH ? subject.types.nested(subject.token, type) : null;
    const within = { ...subject, seed: `${subject.seed}.${name}` };
    return declared === null ? {} : inventProperties(within, declared, {}, depth + 1);
  }
  return {}; // a map, or an asset
}

/** The id of a resource without a rule. */
export function inventId(subject: Subject): string {
  return text(subject, "id");
}

/** The parts of SST's secrets. */
const partsOfSecret = (text: string): Properties => ({ username: "admin", password: text, authToken: text });

/** In the order of precedence: the first pattern that the property's name has decides. */
const FORMATS: [RegExp, (subject: Subject, name: string, index: number) => string][] = [
  [/^region(name)?$/i, ({ region }) => region],
  [/^(account|owner|registry|awsAccount)(Id)?$/, ({ account }) => account],
  [/^partition$/, ({ partition }) => partition],
  [/arn$/i, (subject, name) => arn(subject, name)],
  [/(cidr|cidrBlock|cidrIpv4)$/i, (_, __, index) => `10.0.${index * 16}.0/20`],
  [/ipv6/i, () => "2001:db8::1"],
  [/ip$|ipAddress$/i, ({ seed }) => `203.0.113.${parseInt(hex(seed, 2), 16)}`],
  [/(availabilityZone|zoneName|availabilityZoneName)$/i, ({ region }, _, index) => region + "abcdef".charAt(index)],
  [/zoneId$/i, ({ seed }) => `Z${pick(seed, 20, UPPER + DIGITS)}`],
  [/nameServer$/i, ({ seed }, _, index) => `ns-${index + 1}.${hex(seed, 8)}.example.net`],
  [/(json|document|policy)$/i, () => JSON.stringify({ Version: "2012-10-17", Statement: [] })],
  [/^linkedServiceDescription$/, (subject) => `${arn(subject, "")}:namespace/ns-${pick(subject.seed, 16, LOWER)}`],
  [/^secretString$/, ({ seed }) => JSON.stringify(partsOfSecret(hex(seed, 32)))],
  [/^result$/, () => "{}"], // of an invocation
  [/(url|uri)$/i, (subject) => `https://${host(subject)}/`],
  [/(host|hostname|dnsName|domain|domainName|endpoint|fqdn|address)$/i, host],
  [/(time|date|timestamp)$/i, () => MOMENT],
  [/(created|modified|updated)(At)?$/i, () => MOMENT],
  [/version$/i, () => "1"],
  [/(state|status)$/i, () => "ACTIVE"],
  [/id$/i, (subject, name) => id(subject, name)],
  [/email$/i, () => "someone@example.com"],
];

function text(subject: Subject, name: string, index = 0): string {
  // "id" of a VPC is its "vpcId".
  const called = name === "id" ? `${uncapitalized(kindOf(subject.token))}Id` : name;
  const within = { ...subject, seed: `${subject.token}${subject.seed}${called}` };
  const format = FORMATS.find(([pattern]) => pattern.test(name))?.[1];
  return format?.(within, name, index) ?? `${name}-${hex(within.seed, 8)}`;
}

function id(subject: Subject, name: string): string {
  const { seed, region, token } = subject;
  const own = name === "id" || name === "Id";
  const kind = (own ? kindOf(token) : name.replace(/Id$/, "")).toLowerCase();
  const prefix = NUMBERED[kind];
  if (prefix !== undefined) return `${prefix}-${hex(seed, 17)}`;
  if (kind === "distribution") return `E${pick(seed, 13, UPPER + DIGITS)}`;
  if (kind === "zone") return `Z${pick(seed, 20, UPPER + DIGITS)}`;
  if (kind === "key" || kind === "kmskey") return uuid(seed);
  if (kind === "userpool") return `${region}_${pick(seed, 9, LOWER + DIGITS)}`;
  return pick(seed, 20, LOWER + DIGITS);
}

function arn({ token, seed, partition, region, account }: Subject, name: string): string {
  const known = ARNS.find(([pattern]) => pattern.test(name));
  const [, service, prefix] = known ?? [name, serviceOf(token), `${kindOf(token).toLowerCase()}/`];
  const [where, whose] = service === "s3" ? ["", ""] : GLOBAL.has(service) ? ["", account] : [region, account];
  const last = service === "kms" || service === "acm" ? uuid(seed) : pick(seed, 12, LOWER + DIGITS);
  return `arn:${partition}:${service}:${where}:${whose}:${prefix}${last}`;
}

function host({ token, seed, region, partition }: Subject): string {
  const domain = partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com";
  const own = pick(seed, 12, LOWER + DIGITS);
  return token.startsWith("aws:") ? `${own}.${serviceOf(token)}.${region}.${domain}` : `${own}.example.com`;
}

/** `aws:ec2/getSubnets:getSubnets` is about a "subnet", as is `aws:ec2/subnet:Subnet`. */
function kindOf(token: string): string {
  return singular((token.split(":")[2] ?? "").replace(/^get(?=[A-Z])/, ""));
}

function uncapitalized(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function serviceOf(token: string): string {
  return declarationPath(token)?.file.split("/")[0] ?? "service";
}

function singular(name: string): string {
  if (name.endsWith("ies")) return `${name.slice(0, -3)}y`;
  return name.replace(/(?<!s)s$/, "");
}
