/** The state of one rehearsal: the resources that the program registers, its look-ups, and its diagnostics. */
import type { Diagnostic, Graph, GraphInvoke, GraphResource, ResourceOptions, SourcePosition } from "../graph.ts";
import { invoke } from "./invokes.ts";
import { settledName, urnOf, uuid } from "./names.ts";
import { answer, placeOf, type Answer, type Place, type ResourceAnswers } from "./outputs.ts";
import { withoutColours } from "../processes.ts";
import type { ProviderTypes } from "./provider-types.ts";
import { isObject, plain, Redactor, withIds, type Properties, type Value } from "./wire.ts";

export interface Registration {
  type: string;
  name: string;
  parent: string | null;
  custom: boolean;
  provider: string | null;
  inputs: Properties;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  options: ResourceOptions;
  sourcePosition: SourcePosition | null;
  /** The id of a resource that is only read; otherwise null. */
  read: string | null;
}

export interface Registered extends Answer {
  urn: string;
}

export interface Answers {
  resources: ResourceAnswers;
  invokes: Record<string, Properties>;
}

export interface DeploymentOptions {
  app: string;
  stage: string;
  place: Place;
  /** Configuration of the providers. */
  config: Record<string, string>;
  types: ProviderTypes;
  answers: Answers;
  secrets: string[];
  /** Called for every resource and diagnostic, in order. */
  observer: { resource(resource: GraphResource): void; diagnostic(diagnostic: Diagnostic): void };
}

/** A registration is refused. The whole deployment then fails. */
export class Refused extends Error {}

const PROVIDER = "pulumi:providers:";
const STACK = "pulumi:pulumi:Stack";

export class Deployment {
  readonly #options: DeploymentOptions;
  readonly #resources = new Map<string, GraphResource>();
  readonly #wire = new Map<string, Properties>();
  readonly #invokes: GraphInvoke[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #redactor = new Redactor();
  stack: string | null = null;

  constructor(options: DeploymentOptions) {
    this.#options = options;
    options.secrets.forEach((value) => this.#redactor.add(value));
  }

  register(registration: Registration): Registered {
    const { app, stage } = this.#options;
    const { type, name } = registration;
    const urn = urnOf(app, stage, registration.parent, type, name);
    const inputs = settled(urn, registration);
    const request = { ...registration, inputs: registration.custom ? (withIds(inputs) as Properties) : inputs };
    try {
      if (this.#resources.has(urn)) throw new Refused(`Duplicate resource URN '${urn}'; try giving it a unique name`);
      return this.#record(urn, request, this.#answer(urn, request));
    } catch (error) {
      const position = registration.sourcePosition ?? this.#inheritedPosition(registration);
      this.diagnose("error", messageOf(error), urn, position);
      throw error;
    }
  }

  /** Records the outputs of a component, or of the program. */
  registerOutputs(urn: string, outputs: Properties): void {
    const resource = this.#resources.get(urn);
    if (resource === undefined) throw new Refused(`outputs of a resource that was not registered: ${urn}`);
    this.#redactor.learn(outputs);
    this.#wire.set(urn, outputs);
    resource.outputs = this.#show(outputs);
  }

  invoke(token: string, given: Properties, provider: string | null, sourcePosition: SourcePosition | null): Properties {
    this.#redactor.learn(given);
    const record: GraphInvoke = { token, arguments: this.#show(given), result: null, invented: {}, sourcePosition };
    this.#invokes.push(record);
    try {
      const unwrapped = plain(withIds(given)) as Properties;
      const { types, answers } = this.#options;
      const own = this.#lookUp(token, unwrapped);
      const result =
        own === null
          ? invoke(token, unwrapped, placeOf(unwrapped, this.#place(provider)), types, answers.invokes)
          : { values: own, invented: {} };
      record.result = this.#show(result.values);
      record.invented = this.#show(result.invented);
      return result.values;
    } catch (error) {
      this.diagnose("error", messageOf(error), null, sourcePosition);
      throw error;
    }
  }

  diagnose(
    severity: Diagnostic["severity"],
    text: string,
    urn: string | null,
    position: SourcePosition | null = null,
  ): void {
    const message = (this.#redactor.show(withoutColours(text)) as string).trim();
    // The program throws the error of a refusal, and reports it a second time with its stack.
    const repeated = (other: Diagnostic): boolean =>
      other.severity === "error" && message !== other.message && message.includes(other.message);
    if (severity === "error" && this.#diagnostics.some(repeated)) return;
    const sourcePosition = position ?? (urn === null ? null : this.#resources.get(urn)?.sourcePosition ?? null);
    const diagnostic = { severity, message, urn, sourcePosition };
    this.#diagnostics.push(diagnostic);
    this.#options.observer.diagnostic(diagnostic);
  }

  get failed(): boolean {
    return this.#diagnostics.some(({ severity }) => severity === "error");
  }

  graph(ranToItsEnd: boolean): Graph {
    const { app, stage, place, config } = this.#options;
    // A second pass: a secret may be in a resource that was registered before the engine learned it.
    const shown = this.#redactor.show([...this.#resources.values()] as unknown as Value) as unknown as GraphResource[];
    return {
      app,
      stage,
      account: place.account,
      region: place.region,
      config: this.#redactor.show(config) as Record<string, string>,
      complete: ranToItsEnd && !this.failed,
      resources: shown.sort(stackFirst),
      invokes: (this.#redactor.show(this.#invokes as unknown as Value) as unknown as GraphInvoke[]).sort(byContent),
      diagnostics: this.#diagnostics,
    };
  }

  #answer(urn: string, request: Registration): Answer {
    const { type, inputs } = request;
    if (!request.custom) return { id: null, outputs: inputs, made: {}, invented: {} };
    if (type.startsWith(PROVIDER)) return { id: uuid(urn), outputs: inputs, made: {}, invented: {} };
    const { answers, types } = this.#options;
    return answer({ ...request, urn }, this.#place(request.provider), types, answers.resources);
  }

  #record(urn: string, request: Registration, answered: Answer): Registered {
    const { read, inputs, ...rest } = request;
    this.#redactor.learn(inputs);
    this.#redactor.learn(answered.outputs);
    // Names and ARNs of the cloud are no secrets, even where Pulumi wraps them. The program's values may be.
    this.#redactor.publish({ ...answered.made, id: answered.id });
    this.#wire.set(urn, answered.outputs);
    const known = Object.entries(answered.outputs).filter(([output]) => !(output in answered.invented));
    const resource: GraphResource = {
      urn,
      ...rest,
      external: read !== null,
      id: answered.id,
      inputs: this.#show(inputs),
      outputs: this.#show(Object.fromEntries(known)),
      invented: this.#show(answered.invented),
      sourcePosition: request.sourcePosition ?? this.#inheritedPosition(request),
    };
    this.#resources.set(urn, resource);
    this.#options.observer.resource(resource);
    return { ...answered, urn };
  }

  /**
   * The position of the parent. A component often creates its children later, when no line of the app is on the stack.
   * A child that a method of another component creates (`queue.subscribe`) has that component's name as a prefix.
   */
  #inheritedPosition({ name, parent }: Registration): SourcePosition | null {
    const above = parent === null ? undefined : this.#resources.get(parent);
    const position = above?.sourcePosition ?? null;
    if (position !== null || above?.type !== STACK) return position === null ? null : { ...position, exact: false };
    let nearest: GraphResource | null = null;
    for (const other of this.#resources.values()) {
      if (other.sourcePosition === null || !name.startsWith(other.name)) continue;
      if (nearest === null || other.name.length > nearest.name.length) nearest = other;
    }
    return nearest?.sourcePosition ? { ...nearest.sourcePosition, exact: false } : null;
  }

  #place(provider: string | null): Place {
    const { place } = this.#options;
    if (provider === null) return place;
    const inputs = plain(this.#wire.get(provider.slice(0, provider.lastIndexOf("::")))) as Properties | null;
    const region = inputs?.["region"];
    const tags = inputs?.["defaultTags"];
    const parsed = typeof tags === "string" ? (JSON.parse(tags) as Value) : tags;
    const defaultTags = isObject(parsed) && isObject(parsed["tags"]) ? parsed["tags"] : place.defaultTags;
    return { ...place, defaultTags, region: typeof region === "string" ? region : place.region };
  }

  /** Answers the look-up of a secret of this stack. A secret of the account is unknown. */
  #lookUp(token: string, given: Properties): Properties | null {
    if (token !== "aws:secretsmanager/getSecretVersion:getSecretVersion") return null;
    for (const [urn, outputs] of this.#wire) {
      const { type } = this.#resources.get(urn) ?? {};
      if (type === "aws:secretsmanager/secretVersion:SecretVersion" && outputs["secretId"] === given["secretId"]) {
        return { ...given, ...(plain(outputs) as Properties) };
      }
    }
    return null;
  }

  #show(properties: Properties): Properties {
    const { __provider: _, ...shown } = this.#redactor.show(properties) as Properties;
    return shown;
  }
}

function settled(urn: string, { inputs, options }: Registration): Properties {
  const names = options.ignoreChanges.flatMap((key): [string, Value][] => {
    const value = inputs[key];
    return typeof value === "string" ? [[key, settledName(urn, value)]] : [];
  });
  return { ...inputs, ...Object.fromEntries(names) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Sorts the stack first: SST reads the outputs of the program from the first resource of a state. */
function stackFirst(one: GraphResource, other: GraphResource): number {
  if ((one.type === STACK) !== (other.type === STACK)) return one.type === STACK ? -1 : 1;
  return one.urn < other.urn ? -1 : 1;
}

function byContent(one: GraphInvoke, other: GraphInvoke): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}
