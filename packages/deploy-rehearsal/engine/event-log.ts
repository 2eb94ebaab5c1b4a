/** Pulumi's event log, with the events that SST's command line reads. */
import { appendFileSync } from "node:fs";
import type { Diagnostic, GraphResource } from "../graph.ts";

export class EventLog {
  readonly #file: string;
  readonly #started = Date.now();
  #sequence = 0;

  constructor(file: string) {
    this.#file = file;
  }

  resource(resource: GraphResource): void {
    const state = {
      type: resource.type,
      urn: resource.urn,
      custom: resource.custom,
      id: resource.id ?? "",
      parent: resource.parent ?? "",
    };
    const metadata = {
      op: "create",
      urn: resource.urn,
      type: resource.type,
      old: null,
      new: { ...state, inputs: resource.inputs, outputs: resource.outputs, provider: resource.provider ?? "" },
      detailedDiff: null,
      logical: true,
      provider: resource.provider ?? "",
    };
    this.#write({ resourcePreEvent: { metadata } });
    this.#write({ resOutputsEvent: { metadata } });
  }

  diagnostic({ severity, message, urn }: Diagnostic): void {
    this.#write({ diagnosticEvent: { urn: urn ?? "", message, color: "never", severity } });
  }

  /** Writes the last event. Without it SST treats the run as interrupted. */
  summary(created: number): void {
    const durationSeconds = Math.round((Date.now() - this.#started) / 1000);
    this.#write({
      summaryEvent: { maybeCorrupt: false, durationSeconds, resourceChanges: { create: created }, policyPacks: {} },
    });
  }

  #write(event: object): void {
    const timestamp = Math.floor(Date.now() / 1000);
    appendFileSync(this.#file, `${JSON.stringify({ sequence: this.#sequence++, timestamp, ...event })}\n`);
  }
}
