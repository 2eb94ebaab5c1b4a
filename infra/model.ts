/** Which models may be invoked: exactly those of the list that the stage configures, in every region they route to. */

import catalogue from "../functions/pipeline/models/catalogue.json";
import type { ModelEntry } from "../project.config";
import { accountId, stage, stageName } from "./stage";

const own = stage.config.models;
const replaced = new Set(own.map((model) => model.id));
const listed: ModelEntry[] = [...catalogue.models.filter((model) => !replaced.has(model.id)), ...own];
const aliases: Record<string, string> = { ...catalogue.aliases, ...stage.config.aliases };

const find = (name: string): ModelEntry => {
  const id = aliases[name] ?? name;
  const model = listed.find((model) => model.id === id);
  if (!model) throw new Error(`Stage "${stageName}" names the model "${name}", which catalogue.json does not list.`);
  return model;
};

/** Where an inference profile of a geography can be called from; any other model, from anywhere. */
const GEOGRAPHIES: Record<string, string> = { us: "us-", eu: "eu-", apac: "ap-", jp: "ap-northeast-", au: "ap-southeast-" };

const inReach = (id: string) => stage.region.startsWith(GEOGRAPHIES[id.split(".")[0]!] ?? "");

const standard = find(stage.config.llm.model ?? catalogue.default);

const allowed =
  stage.models === "listed"
    ? listed.filter((model) => model.lifecycle.state !== "end_of_life" && (model === standard || inReach(model.id)))
    : stage.models.map(find);

if (!allowed.includes(standard)) {
  throw new Error(`Stage "${stageName}" may not invoke its own default model, "${standard.id}".`);
}

/** What is asked for: the model's inference profiles, or the model itself where it has none. */
const called = allowed.flatMap(({ policy_arns }) => {
  const profiles = policy_arns.filter((arn) => arn.includes("inference-profile/"));
  return profiles.length > 0 ? profiles : policy_arns;
});
/** The models behind the profiles, in every region that a profile may choose. */
const routedTo = allowed.flatMap((model) => model.policy_arns).filter((arn) => !called.includes(arn));

const resolved = (arns: string[]) =>
  accountId.apply((account) =>
    [...new Set(arns)].map((arn) => arn.replaceAll("{region}", stage.region).replaceAll("{account}", account)),
  );

const { guardrail } = stage.config.llm;

export const modelPermissions = [
  // Converse is authorised as InvokeModel.
  { actions: ["bedrock:InvokeModel"], resources: resolved(called) },
  ...(routedTo.length > 0
    ? [
        {
          actions: ["bedrock:InvokeModel"],
          resources: resolved(routedTo),
          // Not by themselves, where prices and quotas are others.
          conditions: [{ test: "StringEquals", variable: "bedrock:InferenceProfileArn", values: resolved(called) }],
        },
      ]
    : []),
  ...(guardrail
    ? [
        {
          actions: ["bedrock:ApplyGuardrail"],
          resources: [
            guardrail.identifier.startsWith("arn:")
              ? guardrail.identifier
              : $interpolate`arn:aws:bedrock:${stage.region}:${accountId}:guardrail/${guardrail.identifier}`,
          ],
        },
      ]
    : []),
];
