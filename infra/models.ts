/** Permissions to invoke the models that the stage allows, in every region that they route to, and no others. */

import catalogue from "../functions/pipeline/models/catalogue.json";
import { type ModelEntry, resourceName } from "../project.config";
import { accountId, stage, stageName } from "./stage";

/** The stage's entries replace those of the catalogue with the same id, as in the product's catalogue.py. */
const overrides = stage.config.models;
const replaced = new Set(overrides.map((model) => model.id));
const listed: ModelEntry[] = [...catalogue.models.filter((model) => !replaced.has(model.id)), ...overrides];
const aliases: Record<string, string> = { ...catalogue.aliases, ...stage.config.aliases };

const find = (name: string): ModelEntry => {
  const id = aliases[name] ?? name;
  const model = listed.find((model) => model.id === id);
  if (!model) throw new Error(`Stage "${stageName}" uses the model "${name}", which catalogue.json does not list.`);
  return model;
};

/** Prefixes of the regions from which each geography's inference profiles can be called. Other models: any region. */
const GEOGRAPHIES: Record<string, string> = { us: "us-", eu: "eu-", apac: "ap-", jp: "ap-northeast-", au: "ap-southeast-" };

const isCallable = (id: string) => stage.region.startsWith(GEOGRAPHIES[id.split(".")[0]!] ?? "");

const defaultModel = find(stage.config.llm.model ?? catalogue.default);

const allowed =
  stage.allowedModels === "listed"
    ? listed.filter((model) => model.lifecycle.state !== "end_of_life" && (model === defaultModel || isCallable(model.id)))
    : stage.allowedModels.map(find);

if (!allowed.includes(defaultModel)) {
  throw new Error(`Stage "${stageName}" does not allow its default model, "${defaultModel.id}".`);
}

/** ARNs that requests name: a model's inference profiles, or the model itself where it has none. */
const requested = allowed.flatMap(({ policy_arns }) => {
  const profiles = policy_arns.filter((arn) => arn.includes("inference-profile/"));
  return profiles.length > 0 ? profiles : policy_arns;
});
/** ARNs of the models behind the profiles, in every region that a profile may route to. */
const routedTo = allowed.flatMap((model) => model.policy_arns).filter((arn) => !requested.includes(arn));

const resolved = (arns: string[]) =>
  accountId.apply((account) =>
    [...new Set(arns)].map((arn) => arn.replaceAll("{region}", stage.region).replaceAll("{account}", account)),
  );

const { guardrail } = stage.config.llm;

/**
 * Denies what is not listed, so that no statement that is added later, and no managed policy, allows another model. A
 * call through an inference profile is authorized for the profile and for the model behind it: both are listed.
 */
export const unlistedModels = new aws.iam.Policy("UnlistedModels", {
  name: resourceName(stageName, "unlisted-models"),
  description: "Denies models that the stage does not list, and direct calls of models that have an inference profile",
  policy: aws.iam.getPolicyDocumentOutput({
    statements: [
      { effect: "Deny", actions: ["bedrock:InvokeModel*"], notResources: resolved([...requested, ...routedTo]) },
      ...(routedTo.length > 0
        ? [
            {
              effect: "Deny",
              actions: ["bedrock:InvokeModel*"],
              resources: resolved(routedTo),
              conditions: [{ test: "Null", variable: "bedrock:InferenceProfileArn", values: ["true"] }],
            },
          ]
        : []),
    ],
  }).json,
});

export const modelPermissions = [
  // Converse is authorized as InvokeModel.
  { actions: ["bedrock:InvokeModel"], resources: resolved(requested) },
  ...(routedTo.length > 0
    ? [
        {
          actions: ["bedrock:InvokeModel"],
          resources: resolved(routedTo),
          // Only through the profiles: calling a model directly has other prices and quotas.
          conditions: [{ test: "StringEquals", variable: "bedrock:InferenceProfileArn", values: resolved(requested) }],
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
