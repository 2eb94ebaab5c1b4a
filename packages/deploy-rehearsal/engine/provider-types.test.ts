import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { declarationPath, parseProperties, ProviderTypes } from "./provider-types.ts";

const modules = mkdtempSync(join(tmpdir(), "provider-types-"));
after(() => rmSync(modules, { recursive: true }));

function install(files: Record<string, string>): ProviderTypes {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    writeFileSync(join(modules, name), text);
  }
  return new ProviderTypes(modules);
}

test("the path of a declaration follows the layout of the provider's package", () => {
  assert.deepEqual(declarationPath("aws:sqs/queue:Queue"), { provider: "aws", file: "sqs/queue.d.ts" });
  assert.equal(declarationPath("aws:ec2/getVpc:getVpc")?.file, "ec2/getVpc.d.ts");
  assert.equal(declarationPath("random:index/randomPet:RandomPet")?.file, "randomPet.d.ts");
  assert.equal(declarationPath("command:local:Command")?.file, "local/command.d.ts");
  assert.equal(declarationPath("pulumi:providers:aws"), null);
  assert.equal(declarationPath("Thing"), null);
});

test("a property always has a value unless its type includes undefined", () => {
  const properties = parseProperties(`
    /**
     * The size: see https://example.com; readonly wrong: string;
     */
    readonly size?: number;
    readonly arn: pulumi.Output<string>;
    readonly delaySeconds: pulumi.Output<number | undefined>;
    readonly rules: pulumi.Output<outputs.sqs.Rule[] | undefined>;
    readonly tags: {
        [key: string]: string;
    };
    readonly deep: pulumi.Output<{
        [key: string]: {
            [key: string]: string;
        };
    } | undefined>;`);
  assert.deepEqual(
    [...properties].map(([name, { type, optional }]) => [name, type.replace(/\s+/g, " "), optional]),
    [
      ["size", "number", true],
      ["arn", "string", false],
      ["delaySeconds", "number", true],
      ["rules", "outputs.sqs.Rule[]", true],
      ["tags", "{ [key: string]: string; }", false],
      ["deep", "{ [key: string]: { [key: string]: string; }; }", true],
    ],
  );
});

test("types, look-ups and nested structures are found in the package of their provider", () => {
  const types = install({
    "@publisher/cloud/package.json": '{"pulumi": {"resource": true, "name": "cloud"}}',
    "@publisher/cloud/thing.d.ts": `
export interface ThingState {
    other?: string;
}
export declare class Thing extends pulumi.CustomResource {
    readonly arn: pulumi.Output<string>;
}`,
    "@publisher/cloud/getThing.d.ts": `
export interface GetThingResult {
    readonly parts: outputs.shop.Part[];
}`,
    "@publisher/cloud/types/output.d.ts": `
export declare namespace home {
    interface Part {
        wrong: string;
    }
}
export declare namespace shop {
    interface PartOfAnother {
        wrong: string;
    }
    interface Part {
        right: string;
    }
    namespace inner {
        interface Part {
            innermost: string;
        }
    }
}`,
    "plain/package.json": '{"name": "plain"}',
  });
  const names = (of: ReadonlyMap<string, unknown> | null): string[] => [...(of?.keys() ?? ["none"])];
  assert.deepEqual(names(types.outputs("cloud:index/thing:Thing")), ["arn"]);
  assert.deepEqual(names(types.result("cloud:index/getThing:getThing")), ["parts"]);
  assert.deepEqual(names(types.nested("cloud:index/getThing:getThing", "outputs.shop.Part")), ["right"]);
  assert.deepEqual(names(types.nested("cloud:index/getThing:getThing", "outputs.shop.inner.Part")), ["innermost"]);
  assert.deepEqual(names(types.nested("cloud:index/getThing:getThing", "outputs.shop.Whole")), ["none"]);
  assert.deepEqual(names(types.outputs("plain:index/thing:Thing")), ["none"]);
});
