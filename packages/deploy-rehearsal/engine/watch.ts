/**
 * Loaded into the program before it starts. Reports to the engine every computation that was skipped because of an
 * unknown value. The resources of such a computation are missing, and no other part reports that.
 */
import { createRequire } from "node:module";

interface Output {
  isKnown: Promise<boolean>;
}

type Apply = (this: Output, compute: (value: unknown) => unknown, withUnknowns?: boolean) => unknown;

export interface SkippedComputation {
  stack: string;
}

const platform = process.env["REHEARSAL_PLATFORM"];
if (platform === undefined) throw new Error("REHEARSAL_PLATFORM is not set: only the engine loads this module");

const { Output } = createRequire(`${platform}/package.json`)("@pulumi/pulumi/output") as {
  Output: { prototype: { apply: Apply } };
};
const { apply } = Output.prototype;

Output.prototype.apply = function (compute, withUnknowns) {
  if (withUnknowns !== true) {
    const made = new Error();
    this.isKnown.then(
      (known) => {
        if (!known) process.send?.({ stack: made.stack ?? "" } satisfies SkippedComputation);
      },
      () => undefined,
    );
  }
  return apply.call(this, compute, withUnknowns);
};

process.channel?.unref();
