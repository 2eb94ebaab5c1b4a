/** `aws.iam.getPolicyDocument`: the policy as JSON, with its statements in the provider's format. */
import { isObject, type Properties, type Value } from "./wire.ts";

/** The lists of a statement: the argument in a program, and the key in IAM. A list of one item becomes that item. */
const LISTS: [argument: string, key: string][] = [
  ["actions", "Action"],
  ["notActions", "NotAction"],
  ["resources", "Resource"],
  ["notResources", "NotResource"],
];

export function policyDocument(given: Properties): Properties {
  const { statements: requested, ...rest } = given;
  const statements = objects(requested);
  const own = statements.map(statement);
  const document: Properties = { Version: typeof given["version"] === "string" ? given["version"] : "2012-10-17" };
  if (typeof given["policyId"] === "string") document["Id"] = given["policyId"];
  const sources = documents(given["sourcePolicyDocuments"]);
  document["Statement"] = override([...sources, ...own], documents(given["overridePolicyDocuments"]));
  return {
    ...rest,
    id: "policy",
    version: document["Version"] as string,
    json: JSON.stringify(document, null, 2),
    minifiedJson: JSON.stringify(document),
    // The provider omits an empty list, which SST takes for a role without a policy.
    ...(statements.length > 0 ? { statements: statements.map((item) => ({ effect: "Allow", ...item })) } : {}),
  };
}

function statement(from: Properties): Properties {
  const made: Properties = {};
  if (typeof from["sid"] === "string" && from["sid"] !== "") made["Sid"] = from["sid"];
  made["Effect"] = typeof from["effect"] === "string" ? from["effect"] : "Allow";
  for (const [argument, key] of LISTS) {
    const items = from[argument];
    if (Array.isArray(items) && items.length > 0) made[key] = single(items);
  }
  for (const [argument, key] of [
    ["principals", "Principal"],
    ["notPrincipals", "NotPrincipal"],
  ] as const) {
    const principals = objects(from[argument]);
    if (principals.length > 0) made[key] = principal(principals);
  }
  const conditions = objects(from["conditions"]);
  if (conditions.length > 0) made["Condition"] = condition(conditions);
  return made;
}

function principal(principals: Properties[]): Value {
  const made: Record<string, Value[]> = {};
  for (const { type, identifiers } of principals) {
    if (type === "*") return "*";
    if (typeof type === "string" && Array.isArray(identifiers)) made[type] = [...(made[type] ?? []), ...identifiers];
  }
  return Object.fromEntries(Object.entries(made).map(([type, all]) => [type, single(all)]));
}

function condition(conditions: Properties[]): Properties {
  const made: Record<string, Properties> = {};
  for (const { test, variable, values } of conditions) {
    if (typeof test !== "string" || typeof variable !== "string" || !Array.isArray(values)) continue;
    made[test] = { ...made[test], [variable]: single(values) };
  }
  return made;
}

function single(items: Value[]): Value {
  const [first] = items;
  return items.length === 1 && first !== undefined ? first : items;
}

/** Replaces statements by overriding ones with the same `Sid`, and appends the others. */
function override(statements: Properties[], overriding: Properties[]): Properties[] {
  const all = [...statements];
  for (const item of overriding) {
    const at = item["Sid"] === undefined ? -1 : all.findIndex((other) => other["Sid"] === item["Sid"]);
    if (at < 0) all.push(item);
    else all[at] = item;
  }
  return all;
}

function documents(texts: Value | undefined): Properties[] {
  if (!Array.isArray(texts)) return [];
  return texts.flatMap((text) => {
    if (typeof text !== "string" || text === "") return [];
    const { Statement } = JSON.parse(text) as { Statement?: Value };
    return isObject(Statement) ? [Statement] : objects(Statement);
  });
}

function objects(value: Value | undefined): Properties[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
