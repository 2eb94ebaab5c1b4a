import assert from "node:assert/strict";
import { test } from "node:test";
import { declarationPath, parseDeclaration } from "./provider-types.ts";

test("the path of a declaration follows the layout of the provider's package", () => {
  assert.equal(declarationPath("aws:sqs/queue:Queue"), "aws/sqs/queue.d.ts");
  assert.equal(declarationPath("random:index/randomPet:RandomPet"), "random/randomPet.d.ts");
  assert.equal(declarationPath("command:local:Command"), "command/local/command.d.ts");
  assert.equal(declarationPath("pulumi:providers:aws"), null);
  assert.equal(declarationPath("Thing"), null);
});

test("an output always has a value unless its type includes undefined", () => {
  const { outputs } = parseDeclaration(`
export declare class Queue extends pulumi.CustomResource {
    readonly arn: pulumi.Output<string>;
    readonly delaySeconds: pulumi.Output<number | undefined>;
    readonly rules: pulumi.Output<outputs.sqs.Rule[] | undefined>;
    readonly tags: pulumi.Output<{
        [key: string]: string;
    } | undefined>;
    readonly tagsAll: pulumi.Output<{
        [key: string]: string;
    }>;
}
export interface QueueState {
    readonly other: pulumi.Output<string>;
}
`);
  assert.deepEqual(
    [...outputs],
    [
      ["arn", true],
      ["delaySeconds", false],
      ["rules", false],
      ["tags", false],
      ["tagsAll", true],
    ],
  );
});
