/**
 * The declarations in the SDK of a provider: the outputs of each type of resource, and the result of each look-up.
 *
 * The provider always gives an output unless its type includes `undefined`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Property {
  /** Its type in TypeScript, such as `string`, `outputs.ec2.VpcIpv4[]` or `{ [key: string]: string; }`. */
  type: string;
  optional: boolean;
}

export type Declaration = Map<string, Property>;

const PROPERTY = /^\s*(?:readonly )?(\w+)!?(\??): ((?:[^;{}]|\{(?:[^{}]|\{[^{}]*\})*\})+);$/gm;

/** `aws:sqs/queue:Queue` is declared in `sqs/queue.d.ts`; `random:index/randomPet:RandomPet` at the top. */
export function declarationPath(token: string): { provider: string; file: string } | null {
  const [provider, module, name] = token.split(":");
  if (provider === undefined || module === undefined || name === undefined || provider === "pulumi") return null;
  const file = module.includes("/") ? module : `${module}/${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return { provider, file: `${file.replace(/^index\//, "")}.d.ts` };
}

/** The properties of an interface, or of the outputs of a resource. */
export function parseProperties(body: string): Declaration {
  const properties: Declaration = new Map();
  for (const [, name = "", mark, declared = ""] of body.replace(/\/\*\*[\s\S]*?\*\//g, "").matchAll(PROPERTY)) {
    const whole = /^pulumi\.Output<([\s\S]*)>$/.exec(declared)?.[1] ?? declared;
    const type = whole.replace(/\s*\|\s*undefined\s*$/, "");
    properties.set(name, { type, optional: mark === "?" || type !== whole });
  }
  return properties;
}

/** The installed packages of Pulumi's providers, by the provider's name. */
function providers(modules: string): Map<string, string> {
  const found = new Map<string, string>();
  const folders = existsSync(modules) ? readdirSync(modules) : [];
  const packages = folders.flatMap((folder) =>
    folder.startsWith("@") ? readdirSync(join(modules, folder)).map((name) => join(folder, name)) : [folder],
  );
  for (const name of packages) {
    const file = join(modules, name, "package.json");
    if (!existsSync(file)) continue;
    const { pulumi } = JSON.parse(readFileSync(file, "utf8")) as { pulumi?: { resource?: boolean; name?: string } };
    if (pulumi?.resource === true) found.set(pulumi.name ?? name.slice(name.lastIndexOf("/") + 1), join(modules, name));
  }
  return found;
}

export class ProviderTypes {
  readonly #packages: Map<string, string>;
  readonly #texts = new Map<string, string>();
  readonly #known = new Map<string, Declaration | null>();

  constructor(modules: string) {
    this.#packages = providers(modules);
  }

  /** The outputs of a type; null if no installed package declares it. */
  outputs(type: string): Declaration | null {
    return this.#once(type, /export declare class \w+ extends pulumi\.CustomResource \{([\s\S]*?)\n\}/);
  }

  /** The result of a look-up; null if no installed package declares it. */
  result(token: string): Declaration | null {
    return this.#once(token, /export interface \w+Result \{([\s\S]*?)\n\}/);
  }

  /** The properties of `outputs.ec2.Name`, which the provider of a token uses. */
  nested(token: string, name: string): Declaration | null {
    const parts = name.split(".").slice(1);
    const last = parts.pop() ?? "";
    let text = this.#text(token, "types/output.d.ts");
    let indentation = "";
    for (const part of parts) {
      text = new RegExp(`^${indentation}(?:export declare )?namespace ${part} \\{([\\s\\S]*?)^${indentation}\\}`, "m")
        .exec(text)?.[1] ?? "";
      indentation += "    ";
    }
    const from = new RegExp(`^ *(?:export )?interface ${last} \\{`, "m").exec(text)?.index;
    return from === undefined ? null : parseProperties(text.slice(text.indexOf("\n", from), end(text, from)));
  }

  #once(token: string, pattern: RegExp): Declaration | null {
    let known = this.#known.get(token);
    if (known === undefined) {
      const body = pattern.exec(this.#text(token, declarationPath(token)?.file ?? ""))?.[1];
      known = body === undefined ? null : parseProperties(body);
      this.#known.set(token, known);
    }
    return known;
  }

  #text(token: string, name: string): string {
    const folder = this.#packages.get(declarationPath(token)?.provider ?? "");
    if (folder === undefined) return "";
    const file = [join(folder, name), join(folder, "bin", name)].find((path) => existsSync(path));
    if (file === undefined) return "";
    const text = this.#texts.get(file) ?? readFileSync(file, "utf8");
    if (name.startsWith("types/")) this.#texts.set(file, text);
    return text;
  }
}

/** The end of the block that begins after `from`, at its closing brace with the same indentation. */
function end(text: string, from: number): number {
  const indentation = /^ */.exec(text.slice(from))?.[0] ?? "";
  return text.indexOf(`\n${indentation}}`, from);
}
