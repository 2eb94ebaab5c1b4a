/**
 * The declarations of resource types in the SDK of a provider: which outputs always have a value.
 *
 * The engine may omit an optional output. An output that the cloud always gives, but no rule knows, must be unknown to
 * the program, not absent.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface TypeDeclaration {
  /** All outputs; true for one that always has a value. */
  outputs: Map<string, boolean>;
}

/** `aws:sqs/queue:Queue` is declared in `@pulumi/aws/sqs/queue.d.ts`; `random:index/randomPet:RandomPet` at the top. */
export function declarationPath(type: string): string | null {
  const [provider, module, className] = type.split(":");
  if (provider === undefined || module === undefined || className === undefined || provider === "pulumi") return null;
  const file = module.includes("/") ? module : `${module}/${className.charAt(0).toLowerCase()}${className.slice(1)}`;
  return `${provider}/${file.replace(/^index\//, "")}.d.ts`;
}

/** Reads `readonly name: pulumi.Output<T>` lines, T ending in `| undefined` where the output is optional. */
export function parseDeclaration(text: string): TypeDeclaration {
  const outputs = new Map<string, boolean>();
  const body = /export declare class \w+ extends pulumi\.CustomResource \{([\s\S]*?)\n\}/.exec(text)?.[1] ?? "";
  // A map is declared over several lines: `pulumi.Output<{` ... `} | undefined>;`
  for (const match of body.matchAll(/readonly (\w+)!?: pulumi\.Output<([\s\S]*?)>;/g)) {
    const [, name, type] = match;
    if (name !== undefined && type !== undefined) outputs.set(name, !/\|\s*undefined\s*$/.test(type));
  }
  return { outputs };
}

export class ProviderTypes {
  readonly #modules: string;
  readonly #known = new Map<string, TypeDeclaration | null>();

  constructor(modules: string) {
    this.#modules = modules;
  }

  /** The declaration of a type; null if no installed package has one. */
  of(type: string): TypeDeclaration | null {
    let known = this.#known.get(type);
    if (known === undefined) {
      known = this.#read(type);
      this.#known.set(type, known);
    }
    return known;
  }

  #read(type: string): TypeDeclaration | null {
    const path = declarationPath(type);
    if (path === null) return null;
    for (const scope of ["@pulumi", "@pulumiverse", "@sst-provider"]) {
      const file = join(this.#modules, scope, path);
      if (existsSync(file)) return parseDeclaration(readFileSync(file, "utf8"));
    }
    return null;
  }
}
